"""Which version served at a time, from what releases wrote down."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.reporting.history import Served, at, served_over_time, shares_alone

A, B, UNDO = "fraud-2-aaaaaaaa", "fraud-3-bbbbbbbb", "fraud-rollback-cccccccc"


def claimed(ts, version, **facts):
    return {"ts": ts, "event": "claimed", "live": "blue", "version": version, "lease_seconds": 10, **facts}


def raised(ts, percent):
    return {"ts": ts, "event": "share raised", "percent": percent}


def switched(ts, version=None):
    return {"ts": ts, "event": "traffic switched", "live": "green", "version": version}


def back(ts, version):
    return {"ts": ts, "event": "traffic put back", "live": "blue", "version": version}


def ended(ts):
    return {"ts": ts, "event": "ended", "outcome": "live", "reason": ""}


def told(journals, ts, holder=""):
    found = at(served_over_time(journals, holder), ts)
    return found and (found.version, found.candidate, found.percent, found.sure)


PROMOTED = {A: [claimed(10, "1"), raised(20, 5.0), raised(30, 50.0), switched(40), ended(50)]}
ROLLED_BACK = {A: [claimed(10, "1"), raised(20, 5.0), back(30, "1"), ended(31)]}
FIRST = {"fraud-1-aaaaaaaa": [claimed(10, None), switched(20), ended(30)]}
KILLED = {A: [claimed(10, "1"), raised(20, 5.0)]}
GUARDED = {A: [*KILLED[A], {"ts": 32, "event": "lease ended", "live": "blue", "step": "canary 5 %"}]}
TAKEN = [{"ts": 22, "event": "traffic taken back", "live": "blue", "version": "1"}, {"ts": 40, "event": "let go"}]


@pytest.mark.parametrize(
    ("journals", "ts", "answer"),
    [
        pytest.param(PROMOTED, 9, None, id="before the first record"),
        pytest.param(PROMOTED, 10, ("1", "", 0.0, True), id="claimed"),
        pytest.param(PROMOTED, 25, ("1", "2", 5.0, True), id="canary"),
        pytest.param(PROMOTED, 35, ("1", "2", 50.0, True), id="next step"),
        pytest.param(PROMOTED, 40, ("2", "", 0.0, True), id="switched"),
        pytest.param(PROMOTED, 1e6, ("2", "", 0.0, True), id="long after"),
        pytest.param(ROLLED_BACK, 29.9, ("1", "2", 5.0, True), id="before it went back"),
        pytest.param(ROLLED_BACK, 30, ("1", "", 0.0, True), id="gone back"),
        pytest.param(FIRST, 15, ("", "", 0.0, True), id="nothing serves yet"),
        pytest.param(FIRST, 20, ("1", "", 0.0, True), id="the first version"),
        pytest.param(KILLED, 21, ("1", "2", 5.0, False), id="killed: perhaps shared still"),
        pytest.param(KILLED, 46, ("1", "", 0.0, True), id="killed: the lease has ended"),
        pytest.param(GUARDED, 31, ("1", "2", 5.0, True), id="killed: the guard knows until when"),
        pytest.param(GUARDED, 32, ("1", "", 0.0, True), id="killed: and from when on"),
        pytest.param({**KILLED, UNDO: TAKEN}, 21, ("1", "2", 5.0, False), id="before a person took it back"),
        pytest.param({**KILLED, UNDO: TAKEN}, 22, ("1", "", 0.0, True), id="a person took it back"),
        pytest.param({**KILLED, B: [claimed(25, "1"), raised(30, 7.0)]}, 46, ("1", "3", 7.0, False), id="next one"),
    ],
)
def test_who_served(journals, ts, answer):
    assert told(journals, ts) == answer


def test_a_release_that_holds_the_service_is_not_dead():
    assert told(KILLED, 1e6, holder=A) == ("1", "2", 5.0, True)


def test_a_rollback_in_the_bake_gives_all_to_the_old_version_whatever_the_release_still_writes():
    undone = {
        A: [*PROMOTED[A][:4], back(60, "2"), ended(61)],
        UNDO: [{**TAKEN[0], "ts": 45}, {"ts": 70, "event": "let go"}],
    }
    assert told(undone, 44) == ("2", "", 0.0, True)
    assert told(undone, 65) == ("1", "", 0.0, True)


def test_a_recovery_closes_what_it_found_and_knows_no_better_when_the_share_ended():
    by = {"ts": 100, "event": "recovered", "release": A, "version": "1"}
    found = {A: [*KILLED[A], {**ended(100), "outcome": "rolled-back"}], "fraud-recover-dddddddd": [by]}
    assert told(found, 21) == ("1", "2", 5.0, False)
    assert told(found, 46) == told(found, 101) == ("1", "", 0.0, True)
    kept = {A: PROMOTED[A][:4], "fraud-recover-dddddddd": [{**by, "version": "2"}]}
    assert told(kept, 101) == ("2", "", 0.0, True)


def test_a_rollback_by_starting_the_previous_version_names_it():
    again = [claimed(60, "2", candidate="1"), switched(65, "1"), {"ts": 70, "event": "let go"}]
    assert told({**PROMOTED, UNDO: again}, 80) == ("1", "", 0.0, True)


def test_the_words_are_honest_about_what_is_not_known():
    assert "may still have given version 2 5 %" in str(Served(20, 45, "1", "2", 5.0, A, sure=False))
    assert str(Served(20, 45, "1", "2", 5.0, A)) == "version 1 served 95 %, version 2 5 %"
    assert str(Served(0, 1, "")) == "no version served"


def test_a_release_that_changed_nothing_cuts_no_interval():
    idle = {**PROMOTED, B: [claimed(60, "2"), ended(65)]}
    alone = [(one.start, one.end, one.version) for one in shares_alone(served_over_time(idle))]
    assert alone[-1] == (40, None, "2")
    assert len(alone) == 4


EVENTS = st.one_of(
    st.tuples(st.just("share raised"), st.sampled_from([1.0, 5.0, 50.0, 100.0])),
    st.tuples(st.sampled_from(["traffic switched", "traffic put back", "lease ended", "ended", "verdicts"]), st.none()),
)


@st.composite
def journals(draw):
    found = {}
    for number in range(draw(st.integers(1, 4))):
        start = draw(st.floats(0, 100))
        gaps = draw(st.lists(st.tuples(st.floats(0, 20), EVENTS), max_size=8))
        lines, ts = [claimed(start, str(number) if number else None)], start
        for gap, (event, percent) in gaps:
            ts += gap
            lines.append({"ts": ts, "event": event, "percent": percent, "version": "9", "step": "canary"})
        found[f"fraud-{number + 10}-abcd123{number}"] = lines
    return found


@given(journals(), st.floats(0, 400))
def test_what_is_told_covers_all_time_since_the_first_record_without_overlap(found, ts):
    served = served_over_time(found)
    assert served[0].start == min(lines[0]["ts"] for lines in found.values())
    assert served[-1].end is None
    assert all(one.end == after.start and one.start < one.end for one, after in pairwise(served))
    assert len([one for one in served if one.start <= ts and (one.end is None or ts < one.end)]) <= 1
    assert (at(served, ts) is None) == (ts < served[0].start)
    assert all(0 <= one.percent <= 100 and bool(one.candidate) == bool(one.percent) for one in served)
