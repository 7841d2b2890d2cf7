"""Which faults can be planted where."""

from __future__ import annotations

import pytest

from greenramp.drill.expectation import Ending, expectation
from greenramp.drill.faults import Fault, cells, require_sense
from greenramp.drill.places import Place
from greenramp.errors import ConfigError


@pytest.mark.parametrize(
    ("fault", "place", "says"),
    [
        (Fault.WRONG, Place.CANARY, "leave --at out"),
        (Fault.KILL_CANDIDATE, Place.REGISTERED, "no process yet"),
        (Fault.KILL_CANDIDATE, Place.RETIRING, "take --fault kill-live"),
        (Fault.METRICS_OUTAGE, Place.RETIRING, "no gate is asked"),
        (Fault.STOP_CONTINUE, Place.RECOVERING, "can be killed"),
    ],
)
def test_what_can_not_be_planted_there_is_refused_with_what_can(fault, place, says):
    with pytest.raises(ConfigError, match=says):
        require_sense(fault, place)
    assert (fault, place) not in cells()


def test_every_fault_has_a_cell_and_words_and_a_bad_model_has_one_cell():
    by_fault = {fault: [place for one, place in cells() if one is fault] for fault in Fault}
    assert all(by_fault.values())
    assert all(fault.does for fault in Fault)
    assert [places for fault, places in by_fault.items() if fault.in_model] == [[None]] * 4


def test_every_place_is_struck_by_some_fault():
    assert {place for _, place in cells()} == {*Place, None}


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault.in_model])
def test_a_bad_model_never_stays(fault):
    assert expectation(fault, None).endings == {Ending.BACK}


@pytest.mark.parametrize("fault", [fault for fault in Fault if not fault.in_model])
def test_a_way_back_is_finished_whatever_strikes_it(fault):
    assert expectation(fault, Place.ROLLING_BACK).endings == {Ending.BACK}
    assert expectation(fault, Place.RECOVERING).endings == {Ending.BACK}


@pytest.mark.parametrize("fault", [Fault.KILL_FLOW, Fault.KILL_ALL, Fault.STOP_CONTINUE, Fault.METRICS_OUTAGE])
@pytest.mark.parametrize("place", [Place.SMOKED, Place.CANARY_100, Place.SWITCHED, Place.PROMOTED])
def test_a_release_that_nobody_carries_on_is_taken_back_until_only_bookkeeping_is_left(fault, place):
    assert expectation(fault, place).endings == {Ending.BACK}


@pytest.mark.parametrize("fault", [Fault.KILL_FLOW, Fault.KILL_ALL, Fault.KILL_MLFLOW, Fault.STOP_CONTINUE])
def test_a_release_that_only_had_to_stop_the_old_version_is_never_taken_back(fault):
    assert expectation(fault, Place.RETIRING).endings == {Ending.PROMOTED}


def test_the_guard_is_missed_by_no_release():
    assert expectation(Fault.KILL_GUARD, Place.CANARY).endings == {Ending.PROMOTED}


def test_only_requests_that_were_open_at_what_was_killed_may_be_lost():
    allowed = {fault: expectation(fault, Place.CANARY).lost for fault in Fault}
    struck = {Fault.KILL_ENVOY, Fault.KILL_ALL, Fault.KILL_CANDIDATE, Fault.KILL_LIVE}
    assert {fault for fault, lost in allowed.items() if lost} == struck
    assert max(allowed.values()) <= 4


def test_nobody_but_a_whole_site_that_is_killed_may_leave_users_without_an_answer():
    assert {fault for fault in Fault if expectation(fault, Place.CANARY).outage} == {Fault.KILL_ALL}
