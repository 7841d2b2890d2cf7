"""The comparison with the champion: known values, and laws."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.gates.evidence import Evidence, Stratum
from greenramp.gates.rate_gate import Counts, Harm, RateGate, log_bets, null_rate
from greenramp.gates.ratios import comparable, ratio, ratio_interval


def bad(candidate, champion, share):
    """A stratum of bad events alone: the comparison asks for nothing else."""
    return Stratum(share, candidate, champion, candidate, champion)


def counted(*strata):
    return Evidence(tuple(bad(*s) for s in strata))


def fed(evidence, margin=0.05, harm=Harm.UP, reserve=0.0, hazard=0.0, hint=None):
    """A gate that took in each stratum as one block."""
    gate = RateGate(margin, harm, reserve=reserve, hint=hint)
    for s in evidence.strata:
        gate.update(Counts(s.share, s.candidate, s.champion, s.candidate_bad, s.champion_bad), hazard)
    return gate


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
    gate = fed(evidence, harm=harm)
    assert gate.log_against() == pytest.approx(log_against, abs=1e-11)
    if log_for is not None:
        assert gate.log_for() == pytest.approx(log_for, abs=1e-11)


def test_evidence_with_a_reserve_equals_the_published_value():
    gate = fed(counted((12, 40, 0.05)), reserve=0.2, hazard=1 - 2 ** (-1 / 60))
    assert gate.log_against() == pytest.approx(7.555618805468, abs=1e-11)


def test_evidence_of_a_wrong_share_equals_the_published_value():
    """Lindon & Malek's own test gives 6.019 for the same counts: its alternatives lie closer to what was seen."""
    assert fed(counted((80, 920, 0.05)), 0.02, Harm.EITHER).log_against() == pytest.approx(5.271133958518, abs=1e-11)


@pytest.mark.parametrize(("ratio", "rate"), [(1.0, 0.101), (1.2, 0.100)])
def test_nearest_rate_within_the_limit_equals_the_published_value(ratio, rate):
    assert null_rate(0.12, 0.10, 50, 950, ratio) == pytest.approx(rate, abs=1e-12)


def test_common_outcomes_bet_on_the_good_ones_too():
    """The published 2x2 value 0.543019667746 takes the champion's rate 0.1 as known and bets given both sizes.

    We know the rate of both sides together, and bet on whose each outcome is: first the published form, up to where its
    rates end below 1 (unknown, 1e-6), then ours.
    """
    rates = np.minimum(0.1 * np.exp(RateGate(0.05).harmful), 0.999)
    null = null_rate(rates, 0.1, 50, 950, 1.0)
    logs = 9 * np.log(rates / null) + 41 * np.log((1 - rates) / (1 - null))
    logs += 95 * np.log(0.1 / null) + 855 * np.log(0.9 / (1 - null))
    assert math.log(np.exp(logs).mean()) == pytest.approx(0.543019667746, abs=2e-6)
    ours = np.exp(log_bets(RateGate(0.05).harmful, 0.0, Counts(0.05, 50, 950, 9, 95, 0.104))).mean()
    assert math.log(ours) == pytest.approx(0.5482, abs=5e-5)


def test_a_hint_takes_half_the_bets_and_finds_what_it_names_sooner():
    evidence = counted((700, 15600, 0.05))
    plain, hinted = fed(evidence, harm=Harm.DOWN), fed(evidence, harm=Harm.DOWN, hint=0.15)
    alone = log_bets(np.array([math.log(0.85)]), 0.0, Counts(0.05, 0, 0, 700, 15600))[0]
    assert math.exp(hinted.log_against()) == pytest.approx((math.exp(plain.log_against()) + math.exp(alone)) / 2)


def test_the_reserve_finds_harm_that_begins_late_sooner():
    def after_a_long_peace(reserve):
        gate = RateGate(0.2, reserve=reserve)
        for _ in range(100):
            gate.update(Counts(0.05, 0, 0, 5, 95), 0.02)
        for blocks in range(1, 100):
            gate.update(Counts(0.05, 0, 0, 5, 32), 0.02)  # three times as often
            if gate.log_against() >= math.log(20):
                return blocks
        return math.inf

    assert after_a_long_peace(0.2) < after_a_long_peace(0.0)


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
    assert gate.log_against() == pytest.approx(0, abs=1e-12)
    assert gate.log_for() == pytest.approx(0, abs=1e-12)
    assert ratio_interval(Evidence(), 0.05) == (0, math.inf)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_traffic_on_one_side_alone_changes_no_comparison(share):
    alone = BOTH.add(Stratum(share, 5000, 5000, 400, 3))
    assert comparable(alone) == BOTH
    assert fed(alone).log_against() == fed(BOTH).log_against()
    assert fed(alone).log_for() == fed(BOTH).log_for()
    assert ratio_interval(alone, 0.05) == ratio_interval(BOTH, 0.05)


@settings(max_examples=60, deadline=None)
@given(STRATA, st.floats(0, 0.5))
def test_a_state_that_went_through_json_goes_on_bit_for_bit(strata, hazard):
    whole = RateGate(0.2)
    half = RateGate(0.2)
    for number, (candidate, champion, share) in enumerate(strata):
        block = Counts(share, candidate, champion, candidate, champion)
        whole.update(block, hazard)
        half.update(block, hazard)
        if number % 2:
            half = RateGate(0.2).restore(json.loads(json.dumps(half.state(), allow_nan=False)))
    assert (whole.log_against(), whole.log_for()) == (half.log_against(), half.log_for())
    assert whole.state() == half.state()


def test_a_state_of_another_version_is_refused():
    state = RateGate(0.2).state()
    state["against"]["v"] = 0
    with pytest.raises(ValueError, match="version 0"):
        RateGate(0.2).restore(state)


def test_shares_are_not_pooled():
    """Pooled, a common rate that falls while the share rises would look like a better candidate (Simpson)."""
    equal = Evidence((Stratum(0.05, 5000, 95000, 300, 5700), Stratum(0.5, 50000, 50000, 1000, 1000)))
    assert (1300 / 55000) / (6700 / 145000) < 0.6
    assert ratio(equal) == pytest.approx(1)
    assert fed(equal, harm=Harm.DOWN).log_against() < 0


@pytest.mark.parametrize(
    ("margin", "harm"), [(0.0, Harm.UP), (-0.5, Harm.UP), (19.5, Harm.UP), (1.0, Harm.DOWN), (math.nan, Harm.UP)]
)
def test_a_margin_without_meaning_is_refused(margin, harm):
    with pytest.raises(ValueError, match="worse"):
        RateGate(margin, harm)


@settings(max_examples=60, deadline=None)
@given(STRATA, st.randoms(use_true_random=False))
def test_without_reserve_order_and_batches_change_nothing(strata, chance):
    merged, shuffled = Evidence(), list(strata)
    chance.shuffle(shuffled)
    for s in shuffled:
        merged = merged.add(bad(*s))
    apart, together = fed(counted(*strata)), fed(merged)
    assert together.log_against() == pytest.approx(apart.log_against(), abs=1e-8)
    assert together.log_for() == pytest.approx(apart.log_for(), abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(STRATA)
def test_interval_holds_the_likeliest_ratio(strata):
    best, (low, high) = ratio(counted(*strata)), ratio_interval(counted(*strata), 0.05)
    assert 0 <= low <= high
    assert best is None or low <= best <= high


@settings(max_examples=60, deadline=None)
@given(STRATA, st.sampled_from([0.05, 0.25, 0.5]), st.sampled_from([None, 0.1, 0.6]))
def test_one_more_bad_answer_of_the_candidate_never_helps_it(strata, share, base_rate):
    gate = fed(counted(*strata), 0.2)
    good, worse = Counts(share, 1, 0, 0, 0, base_rate), Counts(share, 1, 0, 1, 0, base_rate)
    assert gate.log_against(worse) > gate.log_against(good)
    assert gate.log_for(worse) < gate.log_for(good)
