"""A verdict's numbers become short texts."""

import math

import pytest

from greenramp.reporting.figures import figures_of

COUNTS = {"candidate": 178, "candidate_bad": 22, "champion": 847, "champion_bad": 18}
RATIO = {**COUNTS, "margin": 0.5, "ratio_low": 1.88, "ratio_high": 17.8, "ratio": 5.68}
ODDS = {
    "log10_against": 4.34605,
    "log10_against_needed": math.log10(60),
    "log10_for": -2.2,
    "log10_for_needed": math.log10(20),
}


def told(numbers, outcome="fail"):
    return figures_of({"gate": "errors", "outcome": outcome, "sentence": "said", "numbers": numbers})


@pytest.mark.parametrize(
    ("numbers", "estimate", "bounds", "limit", "samples"),
    [
        pytest.param(RATIO, "5.68 times the champion's", "1.88 to 17.8", "harm of 50 %", "178 / 847", id="ratio"),
        pytest.param({**COUNTS, "ratio_low": 0.0}, "12.4 %, champion's 2.13 %", "", "", "178 / 847", id="no ratio yet"),
        pytest.param({**COUNTS, "ratio_low": 2.0}, "12.4 %, champion's 2.13 %", "from 2", "", "178 / 847", id="from"),
        pytest.param(
            {"rate": 0.02, "rate_low": 0.01, "rate_high": 0.05, "max_rate": 0.03, "candidate": 5000, "champion": 0},
            "2 %", "1 % to 5 %", "at most 3 %", "5,000 / 0", id="rate",
        ),
        pytest.param(
            {"distance": 0.1, "distance_low": 0.05, "distance_high": 0.3, "tolerance": 0.2, "candidate_values": 7},
            "0.1", "0.05 to 0.3", "at most 0.2", "7 / 0", id="distance",
        ),
        pytest.param(
            {"median_ms": 12.0, "champion_median_ms": 10.0}, "median 12 ms, champion's 10 ms", "", "", "", id="times",
        ),
        pytest.param(
            {"mean": 0.31, "champion_mean": 0.25, "margin": 0.2}, "mean 0.31, champion's 0.25", "", "harm of 20 %", "",
            id="mean",
        ),
        pytest.param(
            {"draws": 200, "candidate_draws": 12, "expected_draws": 10}, "6 % drawn", "", "5 % meant", "200", id="draws"
        ),
        pytest.param({}, "", "", "", "", id="nothing"),
        pytest.param({"candidate": 0, "candidate_bad": 0, "champion": 0}, "", "", "", "0 / 0", id="silence"),
    ],
)  # fmt: skip
def test_what_was_estimated_between_which_bounds_from_how_much(numbers, estimate, bounds, limit, samples):
    found = told(numbers)
    assert (found.estimate, found.bounds, found.limit, found.samples) == (estimate, bounds, limit, samples)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("fail", "against it: 22,184 to 1 (of 60)"),
        ("pass", "against it: 22,184 to 1 (of 60)"),
        ("unsure", "for it: 0.01 to 1 (of 20)"),
    ],
)
def test_of_an_undecided_gate_the_evidence_that_is_waited_for_is_told_of_others_that_of_harm(outcome, words):
    assert told(ODDS, outcome).evidence == words


def test_a_million_is_as_good_as_any_more():
    assert told({"log10_against": 300.0, "log10_against_needed": 3.0}).evidence.startswith("against it: over a million")
