"""Every state a traffic record can be left in leads somewhere, and never to a version that no bake has proved."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from greenramp.errors import Fenced
from greenramp.lifecycle.recovery import TABLE, Found, Way, find, table, take_over
from greenramp.traffic.route import (
    RETIRING,
    ROLLING_BACK,
    TAKEN_BACK,
    Route,
    claim,
    copy,
    leave,
    put_back,
    settle,
    shift,
    switch,
    take_back,
)
from greenramp.traffic.split import Side

NOW, LATER, LEASE = 1000.0, 2000.0, 15.0
SERVING = Route("fraud", live=Side.BLUE)
CLAIMED = claim(SERVING, "r1", NOW, LEASE)
SWITCHED = switch(shift(CLAIMED, "r1", NOW, 50.0, "canary 50 %"), "r1", NOW, Side.GREEN, "switched")
FIRST = claim(Route("fraud"), "r1", NOW, LEASE)

DIED = {
    "as soon as it had claimed": (CLAIMED, Way.ALONE, Side.BLUE),
    "while it copied requests": (copy(CLAIMED, "r1", NOW, 10.0, 64, "shadow"), Way.ALONE, Side.BLUE),
    "at a share": (shift(CLAIMED, "r1", NOW, 25.0, "canary 25 %"), Way.ALONE, Side.BLUE),
    "after its share was put back": (
        put_back(shift(CLAIMED, "r1", NOW, 25.0, "canary 25 %"), "r1", Side.BLUE),
        Way.ALONE,
        Side.BLUE,
    ),
    "in the bake": (SWITCHED, Way.BACK, Side.BLUE),
    "while it retired the old version": (settle(SWITCHED, "r1"), Way.FORWARD, Side.GREEN),
    "as the first of its service": (FIRST, Way.ALONE, None),
    "as the first, switched": (switch(FIRST, "r1", NOW, Side.BLUE, "switched"), Way.ALONE, Side.BLUE),
    "as a rollback that had traffic back": (take_back(SWITCHED, "b1", NOW, LEASE), Way.ALONE, Side.BLUE),
    "as a rollback that starts the one before": (take_back(SERVING, "b1", NOW, LEASE), Way.ALONE, Side.BLUE),
    "as a release that puts right what another left": (claim(SWITCHED, "r2", LATER, LEASE), Way.ALONE, Side.GREEN),
}


@pytest.mark.parametrize("place", DIED)
def test_where_it_died_says_where_traffic_stays(place):
    route, way, live = DIED[place]
    found = find(route, LATER + LEASE, idle_fit=True)
    assert found.way is way
    after = take_over(route, found, "v1", LATER + LEASE, LEASE)
    assert (after.live, after.percent, after.mirror, after.fallback) == (live, 0.0, 0.0, False)
    assert after.owner == "v1"
    assert after.held(LATER + LEASE)
    assert after.step == (RETIRING if way.kept else TAKEN_BACK)


@pytest.mark.parametrize("place", DIED)
def test_a_recovery_that_dies_is_recovered_to_the_same_end(place):
    route, way, _ = DIED[place]
    first = take_over(route, find(route, LATER + LEASE, idle_fit=True), "v1", LATER + LEASE, LEASE)
    again = find(first, 5000.0, idle_fit=True)
    assert again.way is (Way.FORWARD if way.kept else Way.ALONE)
    assert replace(take_over(first, again, "v1", 5000.0, LEASE), until=0.0) == replace(first, until=0.0)


def test_an_old_version_that_cant_serve_gets_no_traffic():
    found = find(SWITCHED, LATER, idle_fit=False)
    assert found.way is Way.STAY
    assert take_over(SWITCHED, found, "v1", LATER, LEASE).live is Side.GREEN
    assert "a person should look" in str(found)


def test_who_lives_and_who_is_nobody_is_left_alone():
    for route in (CLAIMED, SWITCHED, leave(SWITCHED, "r1"), SERVING, Route("fraud")):
        found = find(route, NOW + 1, idle_fit=True)
        assert found.way is Way.NOTHING
        with pytest.raises(Fenced):
            take_over(route, found, "v1", NOW + 1, LEASE)


def test_who_comes_between_the_look_and_the_act_is_not_disturbed():
    found = find(SWITCHED, LATER, idle_fit=True)
    for meanwhile in (claim(SWITCHED, "r2", LATER, LEASE), replace(SWITCHED, until=LATER + 1)):
        with pytest.raises(Fenced):
            take_over(meanwhile, found, "v1", LATER, LEASE)


def test_every_state_has_its_way_and_the_table_shows_it():
    steps = ("", "canary 5 %", RETIRING, ROLLING_BACK, TAKEN_BACK)
    for owner, until, step, fallback, fit in itertools.product(
        ("", "r1"), (NOW - 1, NOW + 1), steps, (False, True), (False, True)
    ):
        route = Route("fraud", live=Side.BLUE, owner=owner, until=until, step=step, fallback=fallback)
        found = find(route, NOW, idle_fit=fit)
        assert (found.way is Way.NOTHING) == (not owner or until > NOW)
        assert found.way is not Way.BACK or (fallback and fit)
    assert set(TABLE) == set(Found)
    assert all(way.value in table() for way in Way)


def test_the_table_in_the_docs_is_this_one():
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert table() in text
