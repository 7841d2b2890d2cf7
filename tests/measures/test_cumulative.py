"""What came between two looks at counters; what contradicts itself is refused, never guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.errors import BadEvidence
from greenramp.measures.cumulative import PATIENCE_SECONDS, Sides, grown, whole

RISING = ["bad", "total"]


def one(total, bad):
    return {"total": {"": total}, "bad": {"": bad}}


def looks(*states, seconds=2.0, before=None):
    """The last of several looks, each a look at {side: (total, bad)}."""
    told = None
    for number, state in enumerate(states):
        now = {side: one(*counts) for side, counts in state.items()}
        told = grown("orders", before, now, seconds * number, RISING)
        before = json.loads(json.dumps(told.batch.cursor))
    return told


def test_the_first_look_counts_nothing_and_the_next_what_came():
    assert looks({"candidate": (5, 1)}).sides == {}
    told = looks({"candidate": (5, 1), "champion": (90, 2)}, {"candidate": (9, 1), "champion": (99, 4)})
    assert told.sides == {"candidate": {"total": 4, "bad": 0}, "champion": {"total": 9, "bad": 2}}


def test_a_side_counts_from_its_own_first_look_on_also_when_it_was_away():
    here, away = {"candidate": (5, 1), "champion": (90, 2)}, {"champion": (99, 4)}
    assert looks({"champion": (80, 2)}, here).sides == {"champion": {"total": 10, "bad": 0}}
    back = {"candidate": (500, 300), "champion": (120, 4)}
    assert looks(here, away, back).sides == {"champion": {"total": 21, "bad": 0}}


@pytest.mark.parametrize("fallen", [(4, 1), (5, 0), (0, 0)])
def test_a_counter_that_falls_begins_anew_and_nothing_of_that_look_counts(fallen):
    before = {"candidate": (5, 1), "champion": (90, 2)}
    now = {"candidate": fallen, "champion": (99, 2)}
    told = looks(before, now)
    assert (told.sides, told.batch.gaps) == ({}, 1)
    assert "counters of candidate began anew" in told.batch.notes[0]
    after = looks({"candidate": (fallen[0] + 3, fallen[1] + 1), "champion": (99, 2)}, before=told.batch.cursor)
    assert after.sides["candidate"] == {"total": 3, "bad": 1}


def test_a_look_whose_counters_were_raised_one_after_the_other_waits_for_the_next():
    told = looks({"candidate": (5, 1)}, {"candidate": (5, 3)})
    assert told.sides == {}
    assert "bad (2) is more than total (0); waiting for the next look" in told.batch.notes[0]
    later = looks({"candidate": (5, 1)}, {"candidate": (5, 3)}, {"candidate": (8, 3)})
    assert later.sides == {"candidate": {"total": 3, "bad": 2}}


def test_counters_that_never_fit_together_are_refused():
    with pytest.raises(BadEvidence, match=r"orders: candidate: bad \(4\) is more than total \(0\)"):
        looks({"candidate": (9, 1)}, {"candidate": (9, 5)}, seconds=PATIENCE_SECONDS + 1)
    with pytest.raises(BadEvidence, match=r"orders: champion: bad \(6\) is more than total \(5\)"):
        looks({"champion": (5, 6)})


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "2.5", "", "x", None, [], "1e300", True, float("nan"), -0.1])
def test_what_is_no_count_is_refused_by_name(value):
    with pytest.raises(BadEvidence, match="orders: total of blue is "):
        whole("orders", "total of blue", value)


@pytest.mark.parametrize(("value", "count"), [("0", 0), ("12", 12), (3.0, 3), (7, 7), ("1e3", 1000)])
def test_a_count_is_a_whole_number(value, count):
    assert whole("orders", "total of blue", value) == count


def test_both_sides_can_not_be_called_alike():
    with pytest.raises(ValueError, match="can't both be '7'"):
        Sides("7", "7")


COUNTS = st.tuples(st.integers(0, 40), st.integers(0, 40))
STATES = st.dictionaries(st.sampled_from(["candidate", "champion"]), COUNTS)


@given(st.lists(STATES, min_size=1, max_size=8))
def test_whatever_counters_do_no_look_gives_negative_or_contradicting_counts(states):
    before = None
    for number, state in enumerate(states):
        now = {side: one(*counts) for side, counts in state.items()}
        try:
            told = grown("orders", before, now, 2.0 * number, RISING)
        except BadEvidence:
            continue
        before = told.batch.cursor
        assert all(0 <= counts["bad"] <= counts["total"] for counts in told.sides.values())


@pytest.mark.parametrize(
    "replicas", [{"a": 9}, {"a": 9, "b": 9, "c": 0}, {"a": 9, "c": 9}], ids=["one went", "one came", "one is another"]
)
def test_a_replica_that_comes_or_goes_begins_anew(replicas):
    before = {"ts": 0.0, "sides": {"candidate": {"total": {"a": 5, "b": 5}, "bad": {"a": 1}}}}
    told = grown("orders", before, {"candidate": {"total": replicas, "bad": {"a": 1}}}, 2.0, RISING)
    assert (told.sides, told.batch.gaps) == ({}, 1)


def test_a_reason_for_bad_events_that_is_new_counts_from_nothing():
    before = {"ts": 0.0, "sides": {"candidate": {"total": {"a": 5, "b": 5}, "bad": {"a": 1}}}}
    now = {"candidate": {"total": {"a": 9, "b": 5}, "bad": {"a": 1, "a,reason=card": 3}}}
    assert grown("orders", before, now, 2.0, RISING).sides == {"candidate": {"total": 4, "bad": 3}}
