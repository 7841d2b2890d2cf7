"""The comparison with the champion: known values, and laws."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.evidence import Evidence, Stratum
from greenramp.gates.rate_gate import Harm, RateGate, comparable, ratio, ratio_interval


def bad(candidate, champion, share):
    """A stratum of bad events alone: the comparison asks for nothing else."""
    return Stratum(share, candidate, champion, candidate, champion)


def counted(*strata):
    return Evidence(tuple(bad(*s) for s in strata))


SMALL, BOTH = counted((30, 950, 0.05)), counted((30, 950, 0.05), (160, 700, 0.25))
STRATA = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 3000), st.sampled_from([0.0, 0.01, 0.05, 0.25, 0.5, 0.95, 1.0])),
    max_size=6,
)


@pytest.mark.parametrize(
    ("evidence", "harm", "log_against", "log_for"),
    [
        pytest.param(SMALL, Harm.DOWN, 3.243108939378, -1.456067226050, id="fewer, one share"),
        pytest.param(BOTH, Harm.DOWN, 12.315725263680, -4.197402754229, id="fewer, two shares"),
        pytest.param(counted((12, 40, 0.05)), Harm.UP, 7.775791540732, None, id="more, one share"),
    ],
)
def test_evidence_equals_the_published_values(evidence, harm, log_against, log_for):
    gate = RateGate(0.05, harm)
    assert gate.log_against(evidence) == pytest.approx(log_against, abs=1e-11)
    if log_for is not None:
        assert gate.log_for(evidence) == pytest.approx(log_for, abs=1e-11)


def test_interval_equals_the_published_value():
    assert ratio_interval(BOTH, 0.05) == (pytest.approx(0.5016, abs=5e-5), pytest.approx(0.8694, abs=5e-5))


def test_ratio_of_one_stratum_is_the_quotient_of_bad_events_per_share():
    assert ratio(counted((12, 40, 0.05))) == pytest.approx((12 / 0.05) / (40 / 0.95))


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        pytest.param(Evidence(), None, id="nothing"),
        pytest.param(counted((0, 0, 0.5)), None, id="no bad event"),
        pytest.param(counted((0, 9, 0.5)), 0.0, id="champion alone"),
        pytest.param(counted((9, 0, 0.5)), math.inf, id="candidate alone"),
    ],
)
def test_ratio_at_its_ends(evidence, expected):
    assert ratio(evidence) == expected


def test_nothing_seen_is_evidence_of_nothing():
    gate = RateGate(0.05)
    assert (gate.log_against(Evidence()), gate.log_for(Evidence())) == (0, 0)
    assert ratio_interval(Evidence(), 0.05) == (0, math.inf)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_traffic_on_one_side_alone_changes_no_comparison(share):
    gate = RateGate(0.2)
    alone = BOTH.add(Stratum(share, 5000, 5000, 400, 3))
    assert comparable(alone) == BOTH
    assert gate.log_against(alone) == gate.log_against(BOTH)
    assert gate.log_for(alone) == gate.log_for(BOTH)
    assert ratio_interval(alone, 0.05) == ratio_interval(BOTH, 0.05)


def test_shares_are_not_pooled():
    """Pooled, a common rate that falls while the share rises would look like a better candidate (Simpson)."""
    equal = Evidence((Stratum(0.05, 5000, 95000, 300, 5700), Stratum(0.5, 50000, 50000, 1000, 1000)))
    assert (1300 / 55000) / (6700 / 145000) < 0.6
    assert ratio(equal) == pytest.approx(1)
    assert RateGate(0.05, Harm.DOWN).log_against(equal) < 0


@pytest.mark.parametrize(
    ("margin", "harm"), [(0.0, Harm.UP), (-0.5, Harm.UP), (19.5, Harm.UP), (1.0, Harm.DOWN), (math.nan, Harm.UP)]
)
def test_a_margin_without_meaning_is_refused(margin, harm):
    with pytest.raises(ValueError, match="worse"):
        RateGate(margin, harm)


@settings(max_examples=60, deadline=None)
@given(STRATA, st.randoms(use_true_random=False))
def test_order_and_batches_change_nothing(strata, chance):
    merged, shuffled = Evidence(), list(strata)
    chance.shuffle(shuffled)
    for s in shuffled:
        merged = merged.add(bad(*s))
    gate, apart = RateGate(0.05), counted(*strata)
    assert gate.log_against(merged) == pytest.approx(gate.log_against(apart), abs=1e-8)
    assert gate.log_for(merged) == pytest.approx(gate.log_for(apart), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(STRATA)
def test_interval_holds_the_likeliest_ratio(strata):
    best, (low, high) = ratio(counted(*strata)), ratio_interval(counted(*strata), 0.05)
    assert 0 <= low <= high
    assert best is None or low <= best <= high


@settings(max_examples=60, deadline=None)
@given(STRATA, st.sampled_from([0.05, 0.25, 0.5]))
def test_one_more_bad_answer_of_the_candidate_never_helps_it(strata, share):
    gate, before = RateGate(0.2), counted(*strata)
    after = before.add(bad(1, 0, share))
    assert gate.log_against(after) > gate.log_against(before)
    assert gate.log_for(after) < gate.log_for(before)
