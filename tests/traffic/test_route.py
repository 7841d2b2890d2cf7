"""Who may change a service's traffic, and what each change does to it."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.errors import Fenced, ReleaseUnderWay
from greenramp.traffic.handling import Handling, Retry
from greenramp.traffic.route import (
    PUTTING_RIGHT,
    ROLLING_BACK,
    TAKEN_BACK,
    Route,
    claim,
    lapse,
    leave,
    put_back,
    renew,
    settle,
    shift,
    switch,
    take_back,
)
from greenramp.traffic.split import Side, Split

NOW, LEASE = 1_000_000.0, 15.0
AFTER = NOW + LEASE

SERVING = Route("fraud", live=Side.BLUE)
CLAIMED = claim(SERVING, "r1", NOW, LEASE)
SHARED = shift(CLAIMED, "r1", NOW, 25.0, "canary 25 %")
SWITCHED = switch(SHARED, "r1", NOW, Side.GREEN, "switched")

LIVING_OWNERS_CHANGES = {
    "renew": lambda route, owner, now: renew(route, owner, now, LEASE),
    "shift": lambda route, owner, now: shift(route, owner, now, 50.0, "canary 50 %"),
    "switch": lambda route, owner, now: switch(route, owner, now, Side.GREEN, "switched"),
}
OWNERS_CHANGES = {
    **LIVING_OWNERS_CHANGES,
    "settle": lambda route, owner, _now: settle(route, owner),
    "put back": lambda route, owner, _now: put_back(route, owner, Side.BLUE),
}


def table(changes):
    return pytest.mark.parametrize("change", [pytest.param(c, id=name) for name, c in changes.items()])


# claim


def test_a_free_service_is_claimed_for_the_length_of_the_lease():
    assert CLAIMED.held(NOW)
    assert CLAIMED.held(AFTER - 0.001)
    assert not CLAIMED.held(AFTER)
    assert (CLAIMED.owner, CLAIMED.until, CLAIMED.step) == ("r1", AFTER, "claimed")


def test_a_claim_alone_moves_no_traffic():
    assert CLAIMED.split == SERVING.split == Split(blue=100, green=0)


def test_each_release_draws_other_users():
    assert claim(leave(CLAIMED, "r1"), "r2", NOW, LEASE).salt != CLAIMED.salt


def test_a_living_release_keeps_others_out_and_is_named():
    with pytest.raises(ReleaseUnderWay, match=r"release r1 is under way \(canary 25 %\).*greenramp rollback fraud"):
        claim(SHARED, "r2", AFTER - 0.001, LEASE)


def test_claiming_again_keeps_what_is_shared_and_prolongs():
    again = claim(SHARED, "r1", NOW + 5, LEASE)
    assert again == replace(SHARED, until=AFTER + 5)


def test_the_next_claim_drops_the_share_of_a_dead_release():
    taken = claim(SHARED, "r2", AFTER, LEASE)
    assert (taken.owner, taken.percent, taken.live) == ("r2", 0.0, Side.BLUE)


def test_the_next_claim_names_the_dead_release_until_its_own_first_step():
    taken = claim(SHARED, "r2", AFTER, LEASE)
    assert taken.step == f"{PUTTING_RIGHT} r1 left"
    assert claim(taken, "r2", AFTER + 1, LEASE).step == taken.step


def test_the_next_claim_keeps_the_side_a_dead_release_had_switched_to_without_its_fallback():
    taken = claim(SWITCHED, "r2", AFTER, LEASE)
    assert (taken.live, taken.percent, taken.fallback) == (Side.GREEN, 0.0, False)


# fencing


@table(LIVING_OWNERS_CHANGES)
def test_an_ended_lease_refuses(change):
    assert change(SHARED, "r1", AFTER - 0.001).owner == "r1"
    with pytest.raises(Fenced, match=r"the lease of r1 ended 2\.5 s ago"):
        change(SHARED, "r1", AFTER + 2.5)


@table(OWNERS_CHANGES)
@pytest.mark.parametrize("now", [NOW, AFTER], ids=["while the lease stands", "after it has ended"])
def test_a_stranger_is_refused_and_told_whose_it_is(change, now):
    with pytest.raises(Fenced, match="fraud belongs to r1 now, not to r2"):
        change(SHARED, "r2", now)


@table(OWNERS_CHANGES)
def test_a_release_that_was_taken_for_dead_cannot_move_traffic_when_it_wakes_up(change):
    taken = claim(SHARED, "r2", AFTER, LEASE)
    with pytest.raises(Fenced, match="belongs to r2 now"):
        change(taken, "r1", AFTER)


@table(OWNERS_CHANGES)
def test_what_belongs_to_nobody_is_changed_by_nobody(change):
    with pytest.raises(Fenced, match="belongs to nobody now"):
        change(SERVING, "r1", NOW)


# the owner's changes


def test_a_renewal_changes_the_end_of_the_lease_and_nothing_else():
    assert renew(SHARED, "r1", NOW + 10, LEASE) == replace(SHARED, until=NOW + 10 + LEASE)


def test_a_shift_gives_the_idle_side_its_share_and_says_so():
    assert SHARED.split == Split(blue=75, green=25)
    assert SHARED.step == "canary 25 %"
    assert SHARED.live is Side.BLUE


def test_a_switch_gives_all_traffic_to_the_new_side_with_the_old_one_behind_it():
    assert SWITCHED.split == Split(blue=0, green=100)
    assert SWITCHED.fallback
    assert SWITCHED.idle is Side.BLUE


def test_the_first_version_of_a_service_has_nothing_to_fall_back_to():
    first = switch(claim(Route("fraud"), "r1", NOW, LEASE), "r1", NOW, Side.BLUE, "switched")
    assert (first.live, first.fallback) == (Side.BLUE, False)


def test_a_settled_service_falls_back_to_nothing():
    settled = settle(SWITCHED, "r1")
    assert (settled.live, settled.fallback, settled.step) == (Side.GREEN, False, "retiring")


@pytest.mark.parametrize("route", [SHARED, SWITCHED], ids=["in the canary", "after the switch"])
@pytest.mark.parametrize("live", [Side.BLUE, None], ids=["a version served before", "none served before"])
def test_what_is_put_back_is_whole_and_still_the_releases(route, live):
    back = put_back(route, "r1", live)
    assert (back.live, back.percent, back.fallback, back.owner) == (live, 0.0, False, "r1")


def test_a_release_that_leaves_takes_its_share_with_it():
    left = leave(SHARED, "r1")
    assert (left.owner, left.until, left.percent, left.fallback, left.step) == ("", 0.0, 0.0, False, "")
    assert left.live is Side.BLUE


def test_leaving_what_belongs_to_somebody_else_changes_nothing():
    taken = claim(SHARED, "r2", AFTER, LEASE)
    assert leave(taken, "r1") == taken


# a person's rollback


@pytest.mark.parametrize(
    ("route", "live", "step"),
    [
        pytest.param(CLAIMED, Side.BLUE, TAKEN_BACK, id="claimed, nothing shared yet"),
        pytest.param(SHARED, Side.BLUE, TAKEN_BACK, id="in the canary: the candidate loses its share"),
        pytest.param(SWITCHED, Side.BLUE, TAKEN_BACK, id="switched: back to the version behind it"),
        pytest.param(
            settle(SWITCHED, "r1"),
            Side.GREEN,
            "rollback",
            id="retiring: through, so the version before must start",
        ),
        pytest.param(
            leave(SWITCHED, "r1"), Side.GREEN, "rollback", id="nothing under way: the version before must start"
        ),
        pytest.param(SERVING, Side.BLUE, "rollback", id="never released by anybody: likewise"),
        pytest.param(Route("fraud"), None, "rollback", id="nothing serves"),
        pytest.param(claim(Route("fraud"), "r1", NOW, LEASE), None, TAKEN_BACK, id="first release, nothing serves yet"),
    ],
)
@pytest.mark.parametrize("now", [NOW, AFTER + 3600], ids=["living owner", "dead owner"])
def test_a_rollback_takes_traffic_back_where_no_start_is_needed(route, live, step, now):
    back = take_back(route, "rollback-1", now, LEASE)
    assert (back.live, back.percent, back.fallback, back.step) == (live, 0.0, False, step)
    assert (back.owner, back.until) == ("rollback-1", now + LEASE)


@pytest.mark.parametrize("route", [CLAIMED, SHARED, SWITCHED, SERVING], ids=["claimed", "shared", "switched", "free"])
def test_a_rollback_that_is_repeated_does_not_go_back_twice(route):
    once = take_back(route, "rollback-1", NOW, LEASE)
    assert take_back(once, "rollback-1", NOW + 1, LEASE) == replace(once, until=NOW + 1 + LEASE)


def test_a_release_that_was_rolled_back_can_change_nothing_any_more():
    with pytest.raises(Fenced, match="belongs to rollback-1 now"):
        shift(take_back(SHARED, "rollback-1", NOW, LEASE), "r1", NOW, 50.0, "canary 50 %")


# the record


@pytest.mark.parametrize("percent", [-1.0, 100.1, 33.33, float("nan")])
def test_a_record_refuses_a_share_that_is_none(percent):
    with pytest.raises(ValueError, match=r"multiple of 0\.1"):
        Route("fraud", live=Side.BLUE, percent=percent)


def test_a_record_refuses_a_share_where_nothing_serves():
    with pytest.raises(ValueError, match="no live side"):
        Route("fraud", percent=5.0)


def test_a_service_without_a_version_has_no_split_and_starts_on_blue():
    assert Route("fraud").split is None
    assert Route("fraud").idle is Side.BLUE


@st.composite
def routes(draw):
    live = draw(st.sampled_from([None, Side.BLUE, Side.GREEN]))
    percent, fallback = draw(st.integers(0, 1000)) / 10 if live else 0.0, draw(st.booleans())
    return Route(
        service=draw(st.text()),
        live=live,
        percent=percent,
        mirror=draw(st.integers(0, 1000)) / 10 if live and not percent and not fallback else 0.0,
        generation=draw(st.integers(0, 2**53)),
        owner=draw(st.text()),
        until=draw(st.floats(0, 1e12)),
        salt=draw(st.text()),
        fallback=fallback,
        step=draw(st.text()),
        handling=Handling(
            user_cookie=draw(st.text()),
            hosts=tuple(draw(st.lists(st.text()))),
            timeout_seconds=draw(st.floats(0.001, 600)),
            retry=draw(st.sampled_from(Retry)),
        ),
    )


@given(routes())
def test_a_record_comes_back_from_json_as_it_was(route):
    assert Route.from_json(json.loads(json.dumps(route.to_json()))) == route


@given(routes(), st.sampled_from(["r1", "r2"]), st.floats(0, 2e12))
def test_after_a_rollback_nothing_is_shared_whatever_was_before(route, owner, now):
    if route.owner == owner:
        return
    back = take_back(route, owner, now, LEASE)
    assert (back.percent, back.mirror, back.fallback, back.owner) == (0.0, 0.0, False, owner)
    assert (back.live is None) == (route.live is None)


@given(routes(), st.floats(0, 2e12))
def test_at_any_moment_one_release_at_most_can_claim(route, now):
    holders = []
    for owner in ("r1", "r2"):
        try:
            route = claim(route, owner, now, LEASE)
        except ReleaseUnderWay:
            continue
        holders.append(owner)
    assert len(holders) <= 1


# what the guard writes down


def test_a_lease_that_stands_is_left_alone():
    assert lapse(SHARED, AFTER - 0.001) is SHARED
    assert lapse(SERVING, AFTER + 9) is SERVING


def test_an_ended_lease_leaves_everything_with_the_live_side_and_names_who_held_it():
    lapsed = lapse(SHARED, AFTER)
    assert lapsed == replace(SHARED, percent=0.0)
    with pytest.raises(Fenced):
        shift(lapsed, "r1", AFTER, 5.0, "canary")


def test_a_lease_from_beyond_a_clock_that_jumped_back_has_ended():
    lapsed = lapse(SHARED, NOW - 3600)
    assert lapsed.percent == 0
    assert not lapsed.held(NOW - 3600)


def test_a_rollback_that_died_before_its_start_is_taken_up_again_and_not_taken_for_done():
    first = take_back(SERVING, "rollback-1", NOW, LEASE)
    again = take_back(first, "rollback-2", AFTER, LEASE)
    assert (first.step, again.step) == (ROLLING_BACK, ROLLING_BACK)
