"""One drill: a release under users, a fault at its place, the way to an end, and what is found there."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from greenramp.clients.envoy.router import Router
from greenramp.clients.prefectapi import FlowRun, PrefectApi
from greenramp.drill.faults import Fault, require_sense
from greenramp.drill.places import Place
from greenramp.drill.verdict import Outcome
from greenramp.errors import GreenrampError, NotConfirmed
from greenramp.site.drill.ending import await_dead, await_end, begin_recovery, end_recovery, put_right
from greenramp.site.drill.finding import Course, find
from greenramp.site.drill.ground import Ground
from greenramp.site.drill.looking import Looking, await_true
from greenramp.site.drill.planting import Planted, Target, plant
from greenramp.site.drill.processes import of_side
from greenramp.site.drill.service import SERVICE, write_service
from greenramp.site.drill.users import Seen, Users
from greenramp.traffic.split import Side

Say = Callable[[str], None]

_PLACE_SECONDS = 300.0
_ANSWERS_SECONDS = 120.0


def drill(ground: Ground, fault: Fault, at: Place | None, *, fresh: bool, say: Say) -> Outcome:
    """Carry one out. fresh: release the other sound version afterwards.

    Raises ConfigError where the fault makes no sense at that place, NotConfirmed when it could not be planted.
    """
    require_sense(fault, at)
    place = at or (None if fault.in_model else Place.CANARY)
    site, before = ground.site, _serving(ground, fault, say)
    candidate = ground.planted[fault] if fault.in_model else ground.other_sound()
    if place is Place.ROLLING_BACK:
        candidate = ground.planted[Fault.WRONG]
    write_service(site, fault, place, ground.metrics.url)
    began = time.monotonic()
    with Users(site) as users:
        ground.metrics.answered = users.seen.by_side
        run = ground.start(candidate)
        looking = Looking(site, run.id)
        planted, message, hand = None, "", ""
        try:
            if place is None:
                looking.await_place(Place.REGISTERED, _PLACE_SECONDS)
            else:
                planted = _strike(ground, fault, place, run, looking, say)
            hand = await_end(site, looking, run.id, say)
        except GreenrampError as error:
            message = str(error)
            _call_off(ground, looking, run, say)
        finally:
            if planted and planted.end:
                planted.end()
        if fault is Fault.STOP_CONTINUE and not message:  # the one that was thought dead must find itself fenced
            hand = f"{hand}; the stopped process went on"
        _await_answers(users.seen)
    course = Course(
        fault, place, before, candidate, run.id, users.seen, time.monotonic() - began, planted, hand, message
    )
    outcome = find(ground, looking, course)
    return replace(outcome, fresh=_fresh(ground, fault, say) if fresh and not message else None)


def _serving(ground: Ground, fault: Fault, say: Say) -> str:
    """The version that serves, by two processes where one of them is to be killed."""
    live = Router(ground.site.home).read(SERVICE).live
    if fault is Fault.KILL_LIVE and live and len(of_side(ground.site.home, live)) < 2:
        say("a version that is served by two processes")
        with Users(ground.site):
            made = ground.release(ground.other_sound(), fault)
        if made.state != "Promoted":
            raise NotConfirmed(f"no version is served by two processes ({made.state}: {made.message})")
    before = ground.live()
    if before is None:
        raise NotConfirmed(f"{SERVICE} shares its traffic or serves nothing; begin anew")
    return before


def _call_off(ground: Ground, looking: Looking, run: FlowRun, say: Say) -> None:
    """End the release of a drill that could not be carried out, so that the next one finds a service to begin with."""
    say("the release is called off")
    with suppress(GreenrampError):
        PrefectApi(ground.site.prefect_url).run("rollback/greenramp", {"service": SERVICE})
        await_end(ground.site, looking, run.id, say)


def _strike(ground: Ground, fault: Fault, place: Place, run: FlowRun, looking: Looking, say: Say) -> Planted:
    """Wait for the place, plant the fault."""
    site, recovery = ground.site, None
    if place is Place.RECOVERING:
        looking.await_place(Place.CANARY, _PLACE_SECONDS)
        plant(Fault.KILL_FLOW, _target(ground, run))
        await_dead(site)
        recovery = begin_recovery(site)
    looking.await_place(place, _PLACE_SECONDS)
    say(f"{place}: {fault.does}")
    try:
        planted = plant(fault, replace(_target(ground, run), recovery=recovery))
    except GreenrampError:
        end_recovery(recovery)
        raise
    if fault is Fault.STOP_CONTINUE and planted.end:
        try:
            await_dead(site)
            put_right(site, say)
        finally:
            planted.end()
    end_recovery(recovery)
    return planted


def _target(ground: Ground, run: FlowRun) -> Target:
    route = Router(ground.site.home).read(SERVICE)
    return Target(ground.site, run.id, route.live or Side.BLUE, route.idle, ground.metrics)


def _await_answers(seen: Seen) -> None:
    """Users are answered for a second before they go."""
    came = len(seen.answers)

    def answered() -> bool:
        return len(seen.answers) > came + 60

    with suppress(NotConfirmed):
        await_true("users are answered", answered, _ANSWERS_SECONDS)


def _fresh(ground: Ground, fault: Fault, say: Say) -> str:
    say("a fresh release")
    try:
        with Users(ground.site) as users:
            run = ground.release(ground.other_sound(), fault if fault is Fault.KILL_LIVE else None)
    except NotConfirmed as error:
        return str(error)
    lost = f", and {len(users.seen.failures)} requests failed" if users.seen.failures else ""
    return run.state + (lost if run.state == "Promoted" else f" ({run.message})")
