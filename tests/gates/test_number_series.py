"""Times, error sizes and answers as they come in."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.gates import DriftSeries, LatencySeries, SizeSeries
from greenramp.gates.drift_series import ks_reach
from greenramp.gates.events import Events
from greenramp.gates.histogram import bin_of, counted, mid_ranks, quantile
from greenramp.gates.mean_gate import ENOUGH, MeanGate, log_normal_mixture
from greenramp.gates.measures import Invalid
from greenramp.gates.rank_gate import _harm_weights, _safe_weights

KINDS = {
    "times": lambda: LatencySeries(0.1, 60.0),
    "sizes": lambda: SizeSeries(0.1),
    "numbers": DriftSeries,
    "classes": DriftSeries,
}
ALICE, BOB = 1, 2**63 + 5


def put(kind, series, events):
    if kind == "classes":
        events = [(share, mine, f"class {min(value // 15, 3)}", ts, user) for share, mine, value, ts, user in events]
    series.add(Events.of(list(events)))


def said(series):
    if isinstance(series, DriftSeries):
        return (*series.distance(0.05), series.psi())
    return series.log_odds() if isinstance(series, SizeSeries) else (series.log_against(), series.log_for())


def drawn(count, share=0.25, seed=1, worse=1.0):
    draw = np.random.default_rng(seed)
    mine = draw.random(count) < share
    return [
        (share, bool(m), float(v * (worse if m else 1.0)), float(n), 0)
        for n, (m, v) in enumerate(zip(mine, draw.lognormal(3, 0.5, count), strict=True))
    ]


def fed(kind, events):
    series = KINDS[kind]()
    put(kind, series, events)
    return series


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.05, 0.5, 1.0]),
        st.booleans(),
        st.one_of(st.just(0.0), st.floats(0, 1e12), st.sampled_from([1e-300, 1e300])),
        st.floats(0, 100),
        st.sampled_from([0, 0, ALICE, BOB]),
    ),
    max_size=250,
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_whatever_comes_in_what_is_said_is_a_number(kind, events):
    if kind == "sizes":  # squares of larger ones are no numbers any more
        events = [(s, m, min(v, 1e150), t, u) for s, m, v, t, u in events]
    assert all(math.isfinite(value) for value in said(fed(kind, events)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cut", [0, 1, 99, 100, 499, 500, 1234])
def test_a_state_that_went_through_json_goes_on_bit_for_bit(kind, cut):
    events = drawn(1500)
    resumed = KINDS[kind]().restore(json.loads(json.dumps(fed(kind, events[:cut]).state(), allow_nan=False)))
    put(kind, resumed, events[cut:])
    assert said(resumed) == said(fed(kind, events))
    assert resumed.state() == fed(kind, events).state()


@pytest.mark.parametrize("kind", KINDS)
def test_a_user_counts_once_and_one_side_alone_proves_nothing(kind):
    alone = [(1.0, True, 9.0, 0.0, 0)] * 300
    events = drawn(700)
    often = [(0.25, True, 1e4, 1.0, ALICE)] * 300
    assert said(fed(kind, events + often)) == said(fed(kind, [*events, often[0]]))
    assert said(fed(kind, alone))[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kind", ["times", "sizes"])
def test_the_order_inside_a_block_changes_not_even_the_last_bit(kind):
    events = [(share, mine, value, 0.0, user) for share, mine, value, _, user in drawn(500)]
    turned = [event for start in range(0, 500, 100) for event in reversed(events[start : start + 100])]
    assert said(fed(kind, turned)) == said(fed(kind, events))


# times


def test_a_slower_candidate_is_found_and_an_equal_one_is_shown_to_be_equal():
    assert fed("times", drawn(20_000, worse=1.1)).log_against() > math.log(20)
    equal = fed("times", drawn(20_000))
    assert equal.log_against() < math.log(20)
    assert equal.log_for() > math.log(20)
    assert fed("times", drawn(20_000, worse=0.8)).log_against() < 0
    assert fed("times", drawn(20_000, worse=1.1)).log_for() < math.log(20)  # exactly at the margin


def test_weights_are_one_on_average_over_evenly_spread_ranks_and_go_one_way():
    ranks = (np.arange(200_000) + 0.5) / 200_000
    for weights, sign in ((np.exp(_harm_weights(ranks)), 1), (np.exp(_safe_weights(ranks)), -1)):
        assert weights[:, :-1].mean(axis=0) == pytest.approx(1, abs=0.02)
        assert (sign * np.diff(weights, axis=0) >= 0).all()


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_a_time_bet_on_is_at_most_one_on_average_while_the_candidate_is_no_slower(share):
    """All possible next times, on a champion's distribution and on a faster one, after a past of anything."""
    past = fed("times", drawn(2000, share, seed=9))
    values = np.sort(np.random.default_rng(2).lognormal(3.2, 0.7, 1500))
    for faster in (1.0, 0.9):
        one = [math.exp(_bet(past, share, faster * v, mine=True)) for v in values]
        other = [math.exp(_bet(past, share, v, mine=False)) for v in values]
        assert share * np.mean(one) + (1 - share) * np.mean(other) <= 1 + 1e-9


def _bet(series, share, ms, *, mine):
    nothing, value = np.empty(0), np.array([ms])
    times = (value, nothing) if mine else (nothing, value)
    return series.gate.log_against(share, *times) - series.gate.log_against(share, nothing, nothing)


def test_quantiles_are_right_to_a_bin():
    counts = counted(np.linspace(1, 1000, 100_000))
    assert quantile(counts, 0.5) == pytest.approx(500, rel=0.03)
    assert quantile(counts, 0.99) == pytest.approx(990, rel=0.03)
    assert bin_of(np.array([0.0, 1e300])).tolist() == [0, 799]
    assert ((mid_ranks(counts) > 0) & (mid_ranks(counts) < 1)).all()


# sizes


@pytest.mark.parametrize(
    ("total", "variance", "best_at", "published"),
    [
        pytest.param(30.0, 100.0, 100.0, 3.580569603558775, id="s 30, v 100, sharpest at 100"),
        pytest.param(10.0, 100.0, 50.0, -0.334357571207754, id="s 10, v 100, sharpest at 50"),
    ],
)
def test_the_normal_mixture_equals_that_of_confseq(total, variance, best_at, published):
    prior = best_at / (2 * math.log(10) + math.log(1 + 2 * math.log(10)))  # one-sided alpha 0.05
    assert float(log_normal_mixture(total, variance, prior)) == pytest.approx(published, abs=1e-12)


@pytest.mark.parametrize(("variance", "bound"), [(100.0, 27.66070883), (1000.0, 94.39391617)])
def test_the_mixture_reaches_twenty_at_the_bound_of_confseq(variance, bound):
    prior = 100 / (2 * math.log(10) + math.log(1 + 2 * math.log(10)))
    assert float(log_normal_mixture(bound, variance, prior)) == pytest.approx(math.log(20), abs=1e-6)


def test_larger_errors_are_found_and_equal_ones_are_shown_to_be_equal():
    assert fed("sizes", drawn(20_000, worse=1.1)).log_odds()[0] > math.log(20)
    against, within = fed("sizes", drawn(20_000)).log_odds()
    assert (against < math.log(20), within > math.log(20)) == (True, True)
    assert fed("sizes", drawn(20_000, worse=1.1)).log_odds()[1] < math.log(20)


def test_sizes_say_nothing_before_two_hundred_labels_of_the_candidate():
    series, events = SizeSeries(0.1), drawn(4000, 0.2, worse=5.0)
    for event in events:
        series.add(Events.of([event]))
        if series.candidate < ENOUGH:
            assert series.log_odds() == (0, 0)
    assert series.log_odds()[0] > math.log(20)


def test_one_wild_number_decides_nothing():
    calm, wild = fed("sizes", drawn(8000)), fed("sizes", [*drawn(7900), (0.25, True, 1e9, 0.0, 0), *drawn(99, seed=2)])
    assert wild.log_odds()[0] < math.log(20)
    assert wild.log_odds()[1] == pytest.approx(calm.log_odds()[1], abs=3)


def test_sizes_without_spread_prove_nothing():
    assert fed("sizes", [(0.5, bool(n % 2), 0.0, 0.0, 0) for n in range(2000)]).log_odds() == (0, 0)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_one_batch_of_sizes_is_the_formula_written_out_in_any_unit(unit):
    """log 2 - log(1 + u) / 2 + z^2 u / (2 (1 + u)) + log Phi(z sqrt(u / (1 + u))), with u = (tau W)^2 / V."""
    gate = MeanGate(0.05)
    gate.update(300, 5700, 1.08 * unit, 1.0 * unit, 5998 * 0.36 * unit**2)
    weight, spread = 300 * 5700 / 6000, 0.36

    def written_out(difference, per_side):
        z, u = weight * difference / math.sqrt(weight**2 * per_side), (0.05 * weight) ** 2 / (weight**2 * per_side)
        phi = math.erfc(-z * math.sqrt(u / (1 + u)) / math.sqrt(2)) / 2
        return math.log(2) - math.log1p(u) / 2 + z**2 * u / (2 * (1 + u)) + math.log(phi)

    against, within = gate.log_odds()
    assert against == pytest.approx(written_out(0.08, spread * (1 / 300 + 1 / 5700)))
    assert within == pytest.approx(written_out(1.05 - 1.08, spread * (1 / 300 + 1.05**2 / 5700)))


def test_runs_side_by_side_are_the_runs_one_by_one():
    draw, both = np.random.default_rng(6), MeanGate(0.1, shape=(3,))
    each = [MeanGate(0.1) for _ in range(3)]
    for _ in range(60):
        n1, means, squares = draw.integers(0, 20, 3), draw.normal(5, 0.3, (2, 3)), draw.uniform(50, 150, 3)
        both.update(n1, 100 - n1, *means, squares)
        for k, gate in enumerate(each):
            gate.update(int(n1[k]), 100 - int(n1[k]), means[0, k], means[1, k], squares[k])
    assert both.log_odds()[0] == pytest.approx([float(gate.log_odds()[0]) for gate in each])


@pytest.mark.parametrize("margin", [0.0, -1.0, math.nan, math.inf])
def test_a_margin_of_nothing_is_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        MeanGate(margin)


# answers


def test_the_reach_of_a_distribution_function_is_that_of_howard_and_ramdas():
    assert ks_reach(1000, 0.025) == pytest.approx(
        0.85 * math.sqrt((math.log(math.log(math.e * 1000)) + 0.8 * math.log(1612 / 0.025)) / 1000)
    )


@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_like_answers_are_near_and_unlike_ones_are_far(kind):
    near, low, high = fed(kind, drawn(40_000, 0.5)).distance(0.05)
    assert (near < 0.02, low, high < 0.2) == (True, 0, True)
    far, low, high = fed(kind, drawn(40_000, 0.5, worse=2.0)).distance(0.05)
    assert 0.1 < low < far < high
    assert fed(kind, drawn(40_000, 0.5, worse=2.0)).psi() > 0.1


def test_answers_that_change_while_the_share_grows_are_no_difference():
    """Pooled, the candidate would have mostly the later answers (Simpson)."""
    early = [(0.05, m, v, 0.0, 0) for _, m, v, _, _ in drawn(20_000, 0.05)]
    late = [(0.5, m, 3 * v, 0.0, 0) for _, m, v, _, _ in drawn(20_000, 0.5, seed=2)]
    switched = [(1.0, n % 2 > 0, 500.0 if n % 2 else 1.0, 0.0, 0) for n in range(9000)]
    assert fed("numbers", early + late + switched).distance(0.05)[0] < 0.03


def test_a_class_that_only_one_side_knows_is_seen():
    series = DriftSeries()
    rows = [(0.5, n % 2 == 0, "cat" if n % 4 else "dog", 0.0, 0) for n in range(4000)]
    series.add(Events.of(rows))  # every second one of the candidate's is a dog
    seen, low, high = series.distance(0.05)
    assert (seen, low < 0.5 < high, low > 0.4) == (0.5, True, True)


def test_classes_beyond_the_most_are_counted_together():
    series = DriftSeries()
    series.add(Events.of([(0.5, n % 2 == 0, f"class {n}", 0.0, 0) for n in range(2000)]))
    assert len(series.state()["classes"]) == 200
    assert len(series.state()["counts"][0][1]) == 201
    assert series.distance(0.05)[1] == 0


def test_numbers_among_classes_are_refused():
    series = DriftSeries()
    series.add(Events.of([(0.5, True, "cat", 0.0, 0)]))
    assert series.fitting(["dog", 1.0]) == ["dog", Invalid("an answer of 1.0 among classes")]
    with pytest.raises(ValueError, match="classes so far"):
        series.add(Events.of([(0.5, True, 1.0, 0.0, 0)]))
