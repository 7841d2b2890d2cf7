"""Verdicts of rules that compare numbers instead of counting."""

import numpy as np
import pytest

from greenramp.gates import DriftRule, DriftSeries, LatencyRule, LatencySeries, Role, SizeRule, SizeSeries, judge
from greenramp.gates.events import Events
from greenramp.gates.rate_gate import Counts, RateGate
from greenramp.verdict import Outcome

MAKE = {
    "times": (LatencyRule, {"margin": 0.2}, lambda: LatencySeries(0.2, 600.0)),
    "sizes": (SizeRule, {"margin": 0.2}, lambda: SizeSeries(0.2)),
    "answers": (DriftRule, {"tolerance": 0.1}, DriftSeries),
}


def verdict(kind, count=6000, worse=1.0, role=Role.GUARD, share=0.5, min_requests=50):
    rule, bounds, make = MAKE[kind]
    series, draw = make(), np.random.default_rng(4)
    values = draw.lognormal(3, 0.5, count)
    mine = draw.random(count) < share
    rows = zip(mine.tolist(), (values * np.where(mine, worse, 1.0)).tolist(), strict=True)
    series.add(Events.of([(share, own, value, 0.0, 0) for own, value in rows]))
    judged = rule(name=kind, role=role, min_requests=min_requests, **bounds)
    return judge(judged, series, 0.05, 0.05, this_step=series.candidate)


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        pytest.param({}, Outcome.PASS, id="guard, alike"),
        pytest.param({"worse": 2.0}, Outcome.FAIL, id="guard, worse"),
        pytest.param({"min_requests": 10**6}, Outcome.UNSURE, id="guard, too few requests"),
        pytest.param({"worse": 2.0, "min_requests": 10**6}, Outcome.FAIL, id="guard, worse needs no minimum"),
        pytest.param({"role": Role.REQUIRE, "count": 60_000}, Outcome.PASS, id="require, shown"),
        pytest.param({"role": Role.REQUIRE, "count": 120}, Outcome.UNSURE, id="require, not shown"),
        pytest.param({"role": Role.OBSERVE, "worse": 2.0}, Outcome.PASS, id="observe, worse"),
        pytest.param({"share": 1.0, "worse": 2.0}, Outcome.UNSURE, id="nobody to compare with"),
        pytest.param({"count": 0}, Outcome.UNSURE, id="silence"),
    ],
)
def test_outcome(kind, changes, outcome):
    assert verdict(kind, **changes).outcome is outcome


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            "times",
            "2,982 answers took 41 ms (median; 99 % within 130 ms) against the champion's 3,018 with 20 ms (62 ms); "
            "evidence of slower over a million to 1, fails from 20 to 1",
        ),
        (
            "sizes",
            "2,982 answers are off by 46 on average against the champion's 3,018 with 23; "
            "evidence of larger errors over a million to 1, fails from 20 to 1",
        ),
        (
            "answers",
            "2,982 answers differ from the champion's 3,018 by 52.2 %, surely by 41.6 %; "
            "fails from surely more than 10 %",
        ),
    ],
)
def test_the_sentence_is_the_arithmetic(kind, sentence):
    assert verdict(kind, worse=2.0).sentence == sentence


def test_what_has_still_to_be_shown_is_told():
    assert (
        "evidence of less than 20 % slower 1.6 to 1, passes from 20"
        in verdict("times", 120, role=Role.REQUIRE).sentence
    )
    assert "at most by" in verdict("answers", 120, role=Role.REQUIRE).sentence
    assert "says nothing before 200 labels" in verdict("sizes", 120).sentence
    assert verdict("sizes", 120).outcome is Outcome.UNSURE


def test_rates_of_many_runs_side_by_side_are_the_rates_one_by_one():
    draw, both = np.random.default_rng(6), RateGate(0.1, shape=(3,))
    each = [RateGate(0.1) for _ in range(3)]
    for number in range(40):
        share, hazard = (0.05, 0.5)[number % 2], 0.01
        counts = draw.integers(0, 9, (2, 3))
        base = draw.uniform(0.1, 0.5, 3) if number > 20 else None
        both.update(Counts(share, *(counts + 9), *counts, base), hazard)
        for k, gate in enumerate(each):
            mine, theirs = (int(c) for c in counts[:, k])
            gate.update(Counts(share, mine + 9, theirs + 9, mine, theirs, None if base is None else base[k]), hazard)
    assert both.log_against() == pytest.approx([float(gate.log_against()) for gate in each])
    assert both.log_for() == pytest.approx([float(gate.log_for()) for gate in each])
