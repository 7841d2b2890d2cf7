"""A stopped release goes on only where its service wants that and the world is as it left it."""

import itertools
import json
from dataclasses import replace

import pytest

from greenramp.config import Service
from greenramp.errors import Fenced
from greenramp.lifecycle.phases import Phase
from greenramp.lifecycle.plan import Before, Candidate, Exposure
from greenramp.lifecycle.recovery import Found, Way, find, take_over, take_up
from greenramp.lifecycle.resuming import BEGIN_SECONDS, MOST_RUNS, RESUMABLE, SWITCHED, Stop, World, hindrance, stopped
from greenramp.traffic.route import Route, claim, settle, shift, switch
from greenramp.traffic.split import Side

NOW, LATER, LEASE = 1000.0, 2000.0, 15.0
GATE = {"metric": "errors", "name": "errors", "margin": 0.5}
PLAN = Service.model_validate({"model": "fraud", "on_planned_stop": "resume", "gates": [GATE]})
BEFORE = Before(Side.BLUE, "7", "7", "6", "None", ("7",))
CANDIDATE = Candidate("fraud", "8", "sha256:1", "/models/fraud-8", "run")
MET = Exposure(Side.GREEN, 20.0, 5, {"requests": [12, 34]})
BAKING = Stop("r1", Phase.PROMOTED, PLAN, CANDIDATE, BEFORE, MET, ("1", "2"))
SHARING = replace(BAKING, phase=Phase.CANARY)

CLAIMED = claim(Route("fraud", live=Side.BLUE), "r1", NOW, LEASE)
SHARED = shift(CLAIMED, "r1", NOW, 20.0, "canary 20 %")
SWITCHED_ROUTE = switch(SHARED, "r1", NOW, Side.GREEN, "switched")
BAKE_WORLD = World(SWITCHED_ROUTE, "8", "7", live_fit=True, idle_fit=True, alone=True)
CANARY_WORLD = World(SHARED, "7", "8", live_fit=True, idle_fit=True, alone=True)


def test_a_bake_and_a_canary_go_on_where_all_is_as_it_was():
    assert hindrance(BAKING, BAKE_WORLD) == ""
    assert hindrance(SHARING, CANARY_WORLD) == ""


def test_before_the_switch_nobody_needs_the_candidate_to_be_fit():
    assert hindrance(SHARING, replace(CANARY_WORLD, idle_fit=False, idle_version=None)) == ""


@pytest.mark.parametrize("phase", Phase)
def test_only_phases_in_which_the_candidate_had_proved_itself_go_on(phase):
    world = BAKE_WORLD if phase in SWITCHED else CANARY_WORLD
    assert (hindrance(replace(BAKING, phase=phase), world) == "") == (phase in RESUMABLE)


MISMATCHES = {
    "no process but its own": {"alone": False},
    "another owner": {"route": replace(SWITCHED_ROUTE, owner="r2")},
    "traffic that was put back": {"route": replace(SWITCHED_ROUTE, live=Side.BLUE, fallback=False)},
    "nobody behind it": {"route": settle(SWITCHED_ROUTE, "r1")},
    "another version that serves": {"live_version": "9"},
    "nothing that serves": {"live_version": None},
    "a live version that is sick": {"live_fit": False},
    "an old version that is sick": {"idle_fit": False},
    "an old version that is another": {"idle_version": "5"},
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_a_bake_does_not_go_on_with(name):
    world = replace(BAKE_WORLD, **MISMATCHES[name])
    assert hindrance(BAKING, world)
    assert stopped(BAKING, world, LATER) is None


@pytest.mark.parametrize(
    "change",
    [{"live_version": "9"}, {"live_fit": False}, {"route": SWITCHED_ROUTE}, {"alone": False}],
    ids=["another version", "a sick version", "traffic that was switched", "a process that lives"],
)
def test_a_canary_does_not_go_on_with(change):
    assert stopped(SHARING, replace(CANARY_WORLD, **change), LATER) is None


def test_who_did_not_ask_for_it_goes_back():
    assert stopped(replace(BAKING, plan=PLAN.model_copy(update={"on_planned_stop": "back"})), BAKE_WORLD, LATER) is None
    assert Service.model_validate({"model": "fraud", "gates": [GATE]}).on_planned_stop == "back"


def test_the_first_version_of_a_service_goes_back():
    before = replace(BEFORE, live=None, live_version=None)
    assert stopped(replace(SHARING, before=before), CANARY_WORLD, LATER) is None


@pytest.mark.parametrize("count", range(MOST_RUNS + 1))
def test_runs_are_asked_for_one_after_the_other_and_so_often_at_most(count):
    asked = tuple(LATER - BEGIN_SECONDS * (count - n) for n in range(count))
    assert stopped(BAKING, replace(BAKE_WORLD, asked=asked), LATER) == (Found.STOPPED if count < MOST_RUNS else None)
    if count:
        assert stopped(BAKING, replace(BAKE_WORLD, asked=asked), LATER - 1) is Found.BEGINNING


def test_what_is_kept_is_what_is_read():
    for phase, live in itertools.product(Phase, (Side.BLUE, None)):
        stop = replace(BAKING, phase=phase, before=replace(BEFORE, live=live))
        assert Stop.from_json(json.loads(json.dumps(stop.to_json()))) == stop


@pytest.mark.parametrize("damaged", [{}, {**BAKING.to_json(), "phase": "unknown"}, {**BAKING.to_json(), "plan": "{"}])
def test_what_is_damaged_is_no_place_to_go_on_from(damaged):
    with pytest.raises((ValueError, LookupError, TypeError)):
        Stop.from_json(damaged)


def test_the_table_lets_it_go_on_but_never_over_somebody_who_lives_or_has_retired_the_old_version():
    found = find(SWITCHED_ROUTE, LATER, idle_fit=True, stopped=Found.STOPPED)
    assert found.way is Way.RESUME
    assert find(SWITCHED_ROUTE, LATER, idle_fit=True, stopped=Found.BEGINNING).way is Way.NOTHING
    assert find(SWITCHED_ROUTE, NOW + 1, idle_fit=True, stopped=Found.STOPPED).way is Way.NOTHING
    assert find(settle(SWITCHED_ROUTE, "r1"), LATER, idle_fit=True, stopped=Found.STOPPED).way is Way.FORWARD
    with pytest.raises(Fenced):
        take_over(SWITCHED_ROUTE, found, "v1", LATER, LEASE)


def test_a_new_run_takes_the_service_up_with_nothing_shared():
    after = take_up(SHARED, "r1", LATER, LEASE)
    assert (after.owner, after.live, after.percent, after.salt) == ("r1", Side.BLUE, 0.0, SHARED.salt)
    assert after.held(LATER)
    assert replace(take_up(SWITCHED_ROUTE, "r1", LATER, LEASE), until=0.0) == replace(SWITCHED_ROUTE, until=0.0)


@pytest.mark.parametrize(
    ("route", "now"), [(SHARED, NOW + 1), (replace(SHARED, owner="r2"), LATER), (replace(SHARED, owner=""), LATER)]
)
def test_what_somebody_holds_is_not_taken_up(route, now):
    with pytest.raises(Fenced):
        take_up(route, "r1", now, LEASE)
