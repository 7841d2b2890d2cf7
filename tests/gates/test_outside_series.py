"""Counts and histograms from sources outside: how often they err, how fast they see, and that they never crash."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.gates import BucketSeries, CountSeries, LatencyRule, RateRule, Role, judge
from greenramp.gates.bucket_series import _nearest
from greenramp.gates.measures import Invalid
from greenramp.verdict import Outcome

ENOUGH = math.log(20)
BOUNDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, math.inf)


def counts(looks, shares, base, worse=1.0, per_look=100, seed=1):
    """Looks whose rate and traffic drift while the share changes: (candidate, champion, bad, bad, ts, split)."""
    draw = np.random.default_rng(seed)
    for look in range(looks):
        split = look * len(shares) // looks
        events = draw.poisson(per_look)
        mine = int(draw.binomial(events, shares[split]))
        rate = base * (1 + 0.5 * math.sin(look / 40)) * (1.5 - look / looks)
        bad = draw.binomial(mine, min(rate * worse, 1.0)), draw.binomial(events - mine, rate)
        yield mine, events - mine, int(bad[0]), int(bad[1]), 2.0 * look, float(split)


def times(looks, shares, slower=1.0, tail=0.0, per_look=100, seed=1):
    """Looks at lognormal times that drift while the share changes: (bounds, candidate, champion, ts, split)."""
    draw = np.random.default_rng(seed)

    def buckets(values):
        return np.bincount(np.searchsorted(BOUNDS[:-1], values), minlength=len(BOUNDS)).tolist()

    for look in range(looks):
        split = look * len(shares) // looks
        mine = draw.binomial(per_look, shares[split])
        values = draw.lognormal(math.log(60), 0.5, per_look) * (1 + 0.4 * math.sin(look / 40))
        values[:mine] *= slower * np.where(draw.random(mine) < tail, 5, 1)
        yield BOUNDS, buckets(values[:mine]), buckets(values[mine:]), 2.0 * look, float(split)


def until_found(series, looks, of_candidate):
    """Candidate events until harm is found, None if it never is."""
    seen = 0
    for look in looks:
        assert series.add(*look) is None
        seen += of_candidate(look)
        if series.log_against() >= ENOUGH:
            return seen
    return None


def count_run(seed, **how):
    return until_found(CountSeries(0.2, 600.0), counts(seed=seed, **how), lambda look: look[0])


def bucket_run(seed, **how):
    return until_found(BucketSeries(600.0), times(seed=seed, **how), lambda look: sum(look[1]))


def at_most(chance, runs):
    return chance + 2 * math.sqrt(chance * (1 - chance) / runs)


@pytest.mark.parametrize(("base", "per_look"), [(0.05, 60), (0.005, 60), (0.3, 60), (0.05, 3)])
def test_equal_counts_are_sent_back_in_at_most_one_release_of_twenty(base, per_look):
    runs = 60
    how = {"looks": 100, "shares": (0.05, 0.25, 0.5), "base": base, "per_look": per_look}
    assert sum(count_run(seed, **how) is not None for seed in range(runs)) / runs <= at_most(0.05, runs)


def test_equal_times_are_sent_back_in_at_most_one_release_of_twenty():
    runs = 40
    how = {"looks": 60, "shares": (0.05, 0.25, 0.5)}
    assert sum(bucket_run(seed, **how) is not None for seed in range(runs)) / runs <= at_most(0.05, runs)


def test_four_times_the_bad_events_are_found_within_four_hundred_events_of_the_candidate():
    needed = [count_run(seed, looks=900, shares=(0.05,), base=0.005, worse=4.0) for seed in range(30)]
    assert None not in needed
    assert np.median(needed) <= 400


@pytest.mark.parametrize(("harm", "within"), [({"slower": 1.1}, 800), ({"slower": 1.5}, 80), ({"tail": 0.017}, 1000)])
def test_slower_answers_are_found(harm, within):
    needed = [bucket_run(seed, looks=600, shares=(0.05,), **harm) for seed in range(7)]
    assert np.median([seen or math.inf for seen in needed]) <= within


def test_looks_of_two_splits_are_never_put_together():
    apart, together = CountSeries(0.2, 600.0), CountSeries(0.2, 600.0)
    for split, series in ((1.0, apart), (0.0, together)):
        series.add(1, 9, 1, 0, 0.0, 0.0)
        series.add(9, 1, 0, 0, 2.0, split)
        series.add(10, 10, 0, 0, 4.0, split)
    assert [stratum.share for stratum in apart.evidence.strata] == [0.1, pytest.approx(19 / 30)]
    assert [stratum.share for stratum in together.evidence.strata] == [0.5]
    assert apart.log_against() != together.log_against()


def test_many_looks_make_few_strata_and_lose_no_event():
    series, looks = CountSeries(0.2, 600.0), list(counts(3000, (0.05, 0.25, 0.5), 0.05))
    for look in looks:
        series.add(*look)
    evidence = series.evidence
    assert len(evidence.strata) < 150
    assert (evidence.candidate, evidence.champion) == (sum(x[0] for x in looks), sum(x[1] for x in looks))
    assert (evidence.candidate_bad, evidence.champion_bad) == (sum(x[2] for x in looks), sum(x[3] for x in looks))


def test_one_side_alone_proves_nothing():
    lonely = CountSeries(0.2, 600.0)
    for look in range(100):
        lonely.add(100, 0, 100, 0, 2.0 * look)
    assert lonely.log_against() == pytest.approx(0, abs=1e-9)
    series = BucketSeries(600.0)
    for bounds, mine, theirs, ts, split in times(100, (0.5,), slower=5):
        series.add(bounds, mine, [0] * len(theirs), ts, split)
    assert series.log_against() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("cut", [0, 1, 7, 90])
@pytest.mark.parametrize("kind", ["counts", "buckets"])
def test_a_state_that_went_through_json_goes_on_bit_for_bit(kind, cut):
    make = (lambda: CountSeries(0.2, 60.0)) if kind == "counts" else (lambda: BucketSeries(60.0))
    looks = list(counts(120, (0.1, 0.5), 0.2, per_look=9) if kind == "counts" else times(120, (0.1, 0.5), per_look=9))
    whole, first = make(), make()
    for look in looks:
        whole.add(*look)
    for look in looks[:cut]:
        first.add(*look)
    resumed = make().restore(json.loads(json.dumps(first.state(), allow_nan=False)))
    for look in looks[cut:]:
        resumed.add(*look)
    assert resumed.state() == whole.state()
    assert resumed.log_against() == whole.log_against()


def test_the_bound_nearest_a_quantile_is_chosen_from_what_came_before():
    counts_of = np.array([500, 400, 90, 9, 1])
    assert [_nearest(counts_of, 1 - part) for part in (0.5, 0.9, 0.99, 0.999)] == [0, 1, 2, 3]


def test_bounds_that_one_side_lacks_are_left_out_and_the_counts_up_to_the_others_stay():
    series = BucketSeries(600.0)
    series.add((50, 100, 200, math.inf), [1, 2, 3, 4], [10, 20, 30, 40])
    assert series.add((100, 300, math.inf), [5, 5, 5], [5, 5, 5]) is None
    assert (series.candidate, series.champion) == (25, 115)
    assert series.quantiles == ((math.inf, math.inf), (math.inf, math.inf))
    words = series.add((70, math.inf), [1, 1], [1, 1])
    assert isinstance(words, Invalid)
    assert words.words == "bounds 70, inf ms, none of which is among those before, 100, inf ms"
    assert series.candidate == 25


def test_verdicts_of_counts_and_buckets_read_like_all_others():
    series = CountSeries(0.2, 600.0)
    for look in counts(200, (0.25,), 0.05, worse=2.0):
        series.add(*look)
    rule = RateRule("refusals", Role.GUARD, 50, bad="events of payments bad", margin=0.2, max_rate=0.5)
    verdict = judge(rule, series, 0.05, 0.05, this_step=100)
    assert verdict.outcome is Outcome.FAIL
    assert "events of payments bad against the champion's" in str(verdict)
    assert "times as often (95 % interval" in str(verdict)
    slow = BucketSeries(600.0)
    for look in times(200, (0.25,), slower=1.5):
        slow.add(*look)
    verdict = judge(LatencyRule("upstream", Role.GUARD, 50), slow, 0.05, 0.05, this_step=100)
    assert verdict.outcome is Outcome.FAIL
    assert "answers took at most 100 ms (median; 99 % at most 500 ms) against the champion's" in str(verdict)
    for required in (LatencyRule("u", Role.REQUIRE, 50, margin=0.1), LatencyRule("u", Role.GUARD, 50, margin=0.1)):
        with pytest.raises(ValueError, match="buckets prove no margin"):
            judge(required, slow, 0.05, 0.05, this_step=100)


def test_times_beyond_the_last_bound_are_said_as_such():
    series = BucketSeries(600.0)
    series.add((5, 10, math.inf), [0, 0, 50], [0, 10, 40])
    verdict = judge(LatencyRule("upstream", Role.GUARD, 50), series, 0.05, 0.05, this_step=50)
    assert "50 answers took more than 10 ms (median; 99 % more than 10 ms)" in str(verdict)


def test_silence_is_not_a_pass():
    rule = RateRule("refusals", Role.GUARD, 1, bad="bad", margin=0.2)
    assert judge(rule, CountSeries(0.2, 600.0), 0.05, 0.05, this_step=0).outcome is Outcome.UNSURE
    assert (
        judge(LatencyRule("t", Role.GUARD, 1), BucketSeries(600.0), 0.05, 0.05, this_step=0).outcome is Outcome.UNSURE
    )


NUMBERS = st.integers(-2, 10**12)
TIMES = st.floats() | st.floats(0, 1e6)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, TIMES, st.sampled_from([0.0, 1.0])), max_size=20))
def test_counts_of_any_kind_give_numbers_or_are_refused(looks):
    series, taken = CountSeries(0.2, 600.0), 0
    for look in looks:
        possible = 0 <= look[2] <= look[0] and 0 <= look[3] <= look[1]
        if not possible:
            with pytest.raises(ValueError, match="must be no more"):
                series.add(*look)
            continue
        series.add(*look)
        taken += look[0]
    assert math.isfinite(series.log_against())
    assert math.isfinite(series.log_for())
    assert series.evidence.candidate == taken


@given(
    st.lists(
        st.tuples(
            st.lists(st.floats() | st.sampled_from([1.0, 2.0, 3.0, math.inf]), max_size=4).map(sorted),
            st.lists(NUMBERS, max_size=4),
            st.lists(NUMBERS, max_size=4),
            TIMES,
        ),
        max_size=12,
    )
)
def test_histograms_of_any_kind_give_numbers_or_are_refused_in_words(looks):
    series = BucketSeries(600.0)
    for look in looks:
        before = series.candidate
        refused = series.add(*look)
        assert series.candidate == before + (0 if refused else sum(look[1]))
    assert math.isfinite(series.log_against())


def test_nothing_is_bet_before_enough_of_the_champions_times_are_known():
    series = BucketSeries(600.0)
    for _ in range(2):  # a block is only judged by what came before it
        series.add((10, math.inf), [0, 24], [24, 0])
    assert series.log_against() == pytest.approx(0, abs=1e-9)
    series.add((10, math.inf), [0, 24], [24, 0])
    assert series.log_against() == pytest.approx(0, abs=1e-9)
    series.add((10, math.inf), [0, 24], [24, 0])
    assert series.log_against() > 1
