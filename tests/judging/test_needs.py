"""How many candidate measurements a gate needs, against published limits and against the gates themselves."""

import math

import numpy as np
import pytest

from greenramp.gates import DriftRule, LatencyRule, LatencySeries, RateRule, RateSeries, Role, SizeRule
from greenramp.gates.events import Events
from greenramp.judging.needs import OVERHEAD, Baseline, to_detect, to_prove

ALPHA = 0.05


def rate_rule(margin=None, **more):
    return RateRule("errors", Role.REQUIRE, 1, bad="requests failed", margin=margin, **more)


def detects(rule, rate, share=0.05):
    return to_detect(rule, Baseline.given(rate), rate, share, ALPHA)


def proves(rule, rate, share=0.05):
    return to_prove(rule, Baseline.given(rate), rate, share, ALPHA, ALPHA)


@pytest.mark.parametrize(
    ("rate", "margin", "limit"),
    [
        pytest.param(0.005, 3.0, 255, id="errors of 0.5 to 2 %"),
        pytest.param(0.10, 0.2, 1504, id="10 to 12 %"),
        pytest.param(0.20, 0.1, 2587, id="20 to 22 %"),
        pytest.param(0.40, 0.075, 1695, id="40 to 43 %"),
    ],
)
def test_harm_needs_walds_limit_times_what_was_measured(rate, margin, limit):
    assert detects(rate_rule(margin), rate).mean / OVERHEAD == pytest.approx(limit, rel=0.01)


@pytest.mark.parametrize(("share", "limit"), [(0.05, 5054), (0.25, 6338), (0.5, 9387)])
def test_clicks_that_fall_by_fifteen_percent_need_the_published_limit(share, limit):
    rule = RateRule("clicks", Role.GUARD, 1, bad="requests converted", margin=0.15, fewer=True)
    found = detects(rule, 0.05, share)
    assert found.mean / OVERHEAD == pytest.approx(limit, rel=0.06)  # the limit knows of requests without a click, too
    assert found.about == "15 % fewer"


def test_one_hand_computed_example():
    # whose is a bad event? a fair half, or two thirds at twice the rate: (1/2 * 2 ln 2 - 3/2 ln 3/2) / (1/2) = 0.16991
    found = detects(rate_rule(1.0), 0.01, share=0.5)
    assert found.mean == pytest.approx(1.35 * math.log(20) / (0.01 * 0.169899), rel=1e-4)


def test_the_estimate_meets_the_gate_itself():
    chance, after = np.random.default_rng(5), []
    for _ in range(60):
        series, mine = RateSeries(0.5, 600.0), 0
        while series.log_against() < math.log(1 / ALPHA):
            candidate = chance.random(20) < 0.25
            mine += int(candidate.sum())
            bad = chance.random(20) < np.where(candidate, 0.15, 0.1)
            series.add(Events.of([(0.25, bool(c), bool(b), 0.0, 0) for c, b in zip(candidate, bad, strict=True)]))
        after.append(mine)
    assert np.mean(after) == pytest.approx(detects(rate_rule(0.5), 0.1, 0.25).mean, rel=0.4)


def test_slower_answers_need_about_what_the_gate_needs():
    chance = np.random.default_rng(6)
    times = chance.lognormal(3, 0.5, 5000)
    rule, after = LatencyRule("times", Role.GUARD, 1, margin=0.1), []
    for _ in range(30):
        series, mine = LatencySeries(0.1, 600.0), 0
        while series.log_against() < math.log(1 / ALPHA):
            candidate = chance.random(20) < 0.5
            mine += int(candidate.sum())
            ms = chance.choice(times, 20) * np.where(candidate, 1.1, 1.0)
            series.add(Events.of([(0.5, bool(c), float(t), 0.0, 0) for c, t in zip(candidate, ms, strict=True)]))
        after.append(mine)
    estimate = to_detect(rule, Baseline(values=times), None, 0.5, ALPHA)
    assert np.mean(after) == pytest.approx(estimate.mean, rel=0.4)


def test_a_proof_needs_what_was_published():
    assert proves(rate_rule(0.25), 0.005).mean == pytest.approx(23_700, rel=0.01)


def test_a_limit_needs_no_champion_beside_it():
    rule = rate_rule(max_rate=0.05)
    assert proves(rule, 0.001, share=1.0).mean == proves(rule, 0.001, share=0.05).mean < 100
    assert detects(rule, 0.001, share=1.0).about == "a rate of 10 %"


def test_of_two_bounds_the_slower_one_counts():
    assert proves(rate_rule(0.5, max_rate=0.5), 0.01).about == "less than 50 % more"
    assert proves(rate_rule(0.5, max_rate=0.0101), 0.01).about == "less than 1.01 % bad"


@pytest.mark.parametrize(
    ("need", "why"),
    [
        pytest.param(proves(rate_rule(0.2), 0.0), "no bad event", id="nothing bad to compare"),
        pytest.param(proves(rate_rule(0.2), 0.1, share=1.0), "no champion", id="nobody to compare with"),
        pytest.param(proves(rate_rule(max_rate=0.05), 0.06), "above max_rate", id="the champion itself is too bad"),
    ],
)
def test_what_never_comes_says_why(need, why):
    assert need.mean == math.inf
    assert why in need.about


@pytest.mark.parametrize(
    "rule",
    [rate_rule(0.2), LatencyRule("times", Role.GUARD, 1, margin=0.1), SizeRule("size", Role.GUARD, 1, margin=0.1)],
    ids=lambda rule: type(rule).__name__,
)
def test_without_measurements_nothing_is_known(rule):
    assert math.isnan(to_detect(rule, Baseline(), None, 0.05, ALPHA).mean)


def test_harm_below_the_floor_is_not_looked_for():
    need = detects(rate_rule(0.5, floor=0.02), 0.001)
    assert need.about == "a rate of 4 % (up to 2 % is forgiven)"
    assert need.mean < detects(rate_rule(0.5), 0.001).mean


def test_larger_errors_need_what_was_measured():
    sizes = np.abs(np.random.default_rng(7).normal(size=20_000))
    need = to_detect(SizeRule("size", Role.GUARD, 1, margin=0.05), Baseline(values=sizes), None, 0.05, ALPHA)
    assert 1519 <= need.mean <= 2100  # 1519 is the median


def test_a_distance_needs_more_where_less_is_tolerated():
    wide, narrow = (
        to_prove(DriftRule("drift", Role.REQUIRE, 1, tolerance=t), Baseline(), None, 0.05, ALPHA, ALPHA).mean
        for t in (0.2, 0.1)
    )
    assert narrow > 3 * wide


@pytest.mark.parametrize("rates", [(-0.1, 0, 1), (0.5, 0.6, 1), (0.5, 0, 0.4), (0.5, 0, 1.1)])
def test_rates_that_do_not_rise_are_refused(rates):
    with pytest.raises(ValueError, match="rise"):
        Baseline(*rates)
