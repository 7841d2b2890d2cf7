"""Every id ends as a pair, alone, or waiting; and only as one of these."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.shadow.answers import Answer
from greenramp.shadow.pairing import Pairing


def answer(request_id, ts=0.0):
    return Answer(str(request_id), ts, 200, 5.0, [1])


BATCHES = st.lists(
    st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.floats(0, 100)), max_size=25), min_size=1, max_size=12
)


def fed(pairing, batches):
    pairs = []
    for batch in batches:
        sides = [[answer(i, ts) for candidate, i, ts in batch if candidate is side] for side in (False, True)]
        pairs += pairing.take(*sides)
    return pairs


@given(BATCHES, st.sampled_from([1.0, 20.0, 1000.0]), st.sampled_from([3, 1000]))
def test_every_distinct_id_is_accounted_for_once(batches, timeout, most):
    pairing = Pairing(timeout, most)
    pairs = fed(pairing, batches)
    ids = {i for batch in batches for _, i, _ in batch}
    counts = pairing.counts
    if most > len(ids):  # what is remembered of ids that are done is bounded, too
        assert counts.pairs + sum(counts.alone) + sum(pairing.waiting) == len(ids)
        assert len({p.live.id for p in pairs}) == len(pairs) == counts.pairs
    assert all(pair.live.id == pair.candidate.id for pair in pairs)
    assert max(pairing.waiting) <= most
    seen = 2 * counts.pairs + sum(counts.alone) + sum(pairing.waiting) + sum(counts.duplicates) + sum(counts.late)
    assert seen == sum(counts.read) == sum(len(batch) for batch in batches)
    pairing.finish()
    assert pairing.waiting == (0, 0)


@given(BATCHES, st.randoms())
def test_without_a_time_out_order_does_not_matter(batches, random):
    rows = [row for batch in batches for row in batch]
    shuffled = random.sample(rows, len(rows))
    one, other = Pairing(1e9), Pairing(1e9)
    assert {p.live.id for p in fed(one, [rows])} == {p.live.id for p in fed(other, [[row] for row in shuffled])}
    assert (one.counts.duplicates, one.waiting) == (other.counts.duplicates, other.waiting)


@given(BATCHES, st.integers(0, 12))
def test_goes_on_from_its_state_as_if_nothing_had_happened(batches, at):
    whole, first = Pairing(20.0, 10), Pairing(20.0, 10)
    fed(whole, batches)
    fed(first, batches[:at])
    second = Pairing(20.0, 10).restore(json.loads(json.dumps(first.state())))
    fed(second, batches[at:])
    assert second.state() == whole.state()
    assert second.counts == whole.counts


def test_a_side_that_is_read_a_minute_later_loses_nothing():
    pairing = Pairing(10.0)
    assert pairing.take([answer(i, i) for i in range(60)], []) == []
    assert len(pairing.take([], [answer(i, i) for i in range(60)])) == 60


def test_what_waits_too_long_is_alone_and_its_partner_late():
    pairing = Pairing(10.0)
    pairing.take([answer("a", 0.0)], [answer("b", 1.0)])
    pairing.take([answer("c", 20.0)], [])
    assert (pairing.counts.alone, pairing.waiting) == ([1, 1], (1, 0))
    assert pairing.take([], [answer("a", 0.0)]) == []
    assert pairing.take([], [answer("a", 0.0)]) == []
    assert (pairing.counts.late, pairing.counts.duplicates) == ([0, 1], [0, 1])


def test_while_no_requests_come_nothing_is_given_up():
    pairing = Pairing(10.0)
    pairing.take([answer("a", 5.0)], [])
    for _ in range(100):
        pairing.take([], [])
    assert pairing.waiting == (1, 0)


def test_times_that_are_no_times_move_no_clock():
    pairing = Pairing(10.0)
    pairing.take([answer("a", float("nan")), answer("b", float("inf")), answer("c", 1.0)], [])
    assert pairing.clock == 1.0
    assert pairing.waiting == (3, 0)


def test_those_alone_are_held_against_pairs_of_their_age_only():
    pairing = Pairing(10.0)
    pairing.take([answer(1, 0.0), answer(2, 0.0)], [answer(2, 0.0)])
    assert pairing.counts.settled == 0
    pairing.take([answer(3, 30.0)], [answer(3, 30.0)])
    assert (pairing.counts.settled, pairing.counts.alone[0], pairing.counts.pairs) == (1, 1, 2)


def test_a_state_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version 0"):
        Pairing().restore({"v": 0})
