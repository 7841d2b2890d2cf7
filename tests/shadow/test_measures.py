"""What is measured in constant memory equals what is measured at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.gates.mean_gate import log_normal_mixture
from greenramp.shadow.confusion import MOST_CLASSES, OTHERS, Confusion
from greenramp.shadow.distribution import Distribution, places
from greenramp.shadow.paired_mean import PairedMean
from greenramp.shadow.sample import Sample, draw_of
from greenramp.shadow.slices import EARLY, PENDING, REST, Slices
from greenramp.shadow.worst import Examples, Worst


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=20), max_size=10))
def test_mean_and_squares_do_not_depend_on_the_batches(batches):
    seen = PairedMean()
    for batch in batches:
        seen.update(np.array(batch))
    values = np.array([value for batch in batches for value in batch])
    assert seen.count == values.size
    if values.size:
        assert seen.mean == pytest.approx(values.mean(), abs=1e-6)
        assert seen.squares == pytest.approx(((values - values.mean()) ** 2).sum(), rel=1e-6, abs=1e-3)


def test_evidence_of_a_mean_is_the_normal_mixture_and_needs_enough_pairs():
    values = np.random.default_rng(1).normal(0.3, 1, 400)
    seen = PairedMean()
    seen.update(values[:199])
    assert seen.log_above(0.0, 0.2) == 0.0
    seen.update(values[199:])
    variance = 400 * values.var(ddof=1)
    wanted = log_normal_mixture(values.sum(), variance, (variance / (0.2 * 400)) ** 2)
    assert seen.log_above(0.0, 0.2) == pytest.approx(float(wanted))
    assert seen.log_above(0.0, 0.2) > 3
    assert seen.log_below(0.0, 0.2) < 0


def test_a_mean_at_the_limit_is_hardly_ever_shown_to_be_above_it():
    chance, runs = np.random.default_rng(2), 300
    shown = 0
    for _ in range(runs):
        values, seen = chance.exponential(0.1, 2000), PairedMean()
        above = False
        for start in range(0, 2000, 200):
            seen.update(values[start : start + 200])
            above = above or seen.log_above(0.1, 0.1) >= np.log(20)
        shown += above
    assert shown / runs <= 0.08


def test_distance_is_the_largest_of_the_distribution_functions_and_its_bounds_hold_it():
    chance = np.random.default_rng(3)
    live, candidate = chance.normal(0, 1, 20_000), chance.normal(0.5, 1, 20_000)
    seen = Distribution(places(live[:1000]))
    for start in range(0, 20_000, 1000):
        seen.update(live[start : start + 1000], candidate[start : start + 1000], 1.0)
    distance, low, high = seen.distance(0.05)
    assert distance == pytest.approx(0.1974, abs=0.01)  # 2 Phi(0.25) - 1
    assert 0.1 < low < 0.1974 < high < 0.3
    assert seen.psi() == pytest.approx(0.25, abs=0.06)
    assert sum(seen.differences()["counts"]) == 20_000


def test_classes_beyond_the_most_are_counted_together():
    confusion = Confusion()
    confusion.update((str(n), str(n)) for n in range(MOST_CLASSES + 10))
    assert confusion.cells[OTHERS] == {OTHERS: 10}
    assert confusion.total == MOST_CLASSES + 10
    assert confusion.classes[:3] == ["0", "1", "2"]
    assert confusion.classes[-1] == OTHERS


@given(st.permutations(range(60)))
def test_a_sample_is_the_same_in_any_order(order):
    one, other = Sample(10), Sample(10)
    for sample, ids in ((one, range(60)), (other, order)):
        for n in ids:
            if sample.wants(draw_of(str(n))):
                sample.add(draw_of(str(n)), {"id": str(n), "ts": 0.0})
    assert one.rows == other.rows
    assert len(one.rows) == 10


def test_each_id_has_the_same_chance_to_be_sampled():
    hits = np.zeros(10)
    for run in range(300):
        sample = Sample(20)
        for n in range(200):
            draw = draw_of(f"{run}-{n}")
            if sample.wants(draw):
                sample.add(draw, {"id": f"{run}-{n}", "ts": float(n)})
        for row in sample.rows:
            hits[int(row["ts"]) // 20] += 1
    assert hits.sum() == 6000
    assert abs(hits - 600).max() < 120  # five standard deviations


def test_the_worst_are_kept_worst_first():
    worst = Examples(3)
    for n in range(100):
        badness = float(n * 37 % 100)
        if worst.wants(Worst.DIFFERENCE, badness, n):
            worst.add(Worst.DIFFERENCE, badness, n, {"id": str(n), "badness": badness})
    assert [row["badness"] for row in worst.rows(Worst.DIFFERENCE)] == [99.0, 98.0, 97.0]
    assert worst.rows(Worst.SLOW) == []


def sliced(values, bad=lambda _: False, most=5):
    slices = Slices(["place"], most)
    for n, value in enumerate(values):
        slices.add({"place": value}, bad(n))
    return {part.name: (part.pairs, part.bad) for part in slices.slices()}


def test_every_pair_is_in_one_slice_of_each_column():
    chance = np.random.default_rng(4)
    found = sliced([f"v{n}" for n in chance.zipf(1.5, 3000)], lambda n: n % 3 == 0)
    assert sum(pairs for pairs, _ in found.values()) == 3000
    assert sum(bad for _, bad in found.values()) == 1000
    assert len(found) <= 6
    assert f"place={REST}" in found


def test_frequent_values_have_their_own_slice_also_when_they_come_later():
    found = sliced(["a", "b"] * (EARLY // 2) + ["c"] * 50)
    assert found["place=c"] == (46, 0)
    assert found[f"place={REST}"] == (4, 0)


def test_ids_that_never_repeat_have_no_slices():
    slices = Slices(["place"])
    for n in range(20_000):
        slices.add({"place": f"user-{n}"}, False)
    assert slices.slices() == [(f"place={REST}", 20_000, 0)]
    assert len(slices.columns[0].pending) <= PENDING


def test_numbers_with_many_values_are_cut_into_quarters():
    found = sliced([float(n % 100) for n in range(2000)])
    assert set(found) == {"place from 24.8 to 49.5", "place from 49.5 to 74.2", "place over 74.2", "place up to 24.8"}
    assert {pairs for pairs, _ in found.values()} == {500}


def test_a_column_that_is_missing_is_a_slice_as_well():
    assert sliced([None] * 30 + ["a"] * 30) == {"place=(none)": (30, 0), "place=a": (30, 0)}


def test_rows_of_one_request_are_no_draws_of_their_own(sides):
    live = [[float(n % 50), 1000.0, 1000.0] for n in range(300)]
    found = sides.compare(live, [[first, 2000.0, 2000.0] for first, *_ in live]).measures
    assert [sum(counts) for counts in found.distribution.counts] == [300, 300]
    assert found.distribution.distance(0.05)[0] == 0.0
    assert found.tally.differing == 300


def test_requests_that_the_champion_fails_are_in_no_slice(sides):
    live = sides.answers([["a"], ["b"]] * 150)
    broken = [answer._replace(status=500, predictions=None) if n < 100 else answer for n, answer in enumerate(live)]
    features = [{"country": "BR"}] * 300
    assert sides.compare(broken, live, features=features, columns=["country"]).measures.slices.slices() == [
        ("country=BR", 200, 0)
    ]
    assert sides.compare(live, broken, features=features, columns=["country"]).measures.slices.slices() == [
        ("country=BR", 300, 100)
    ]
