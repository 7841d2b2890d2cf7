"""`greenramp restart-router`: another Envoy takes over from the one that runs, and no user notices.

Wherever this is killed, at most two Envoys serve from the same two files. Until the users are handed over the one
before keeps them; from then on a note says who has them, and whoever settles next goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from greenramp.clients.atomicfile import locked
from greenramp.clients.envoy.router import Router
from greenramp.clients.supervisor import Supervisor
from greenramp.errors import ConfigError, GreenrampError, Unreachable
from greenramp.site.edgeport import ADDRESS
from greenramp.site.envoys import LAST_REQUESTS_SECONDS, Envoys, write_slot
from greenramp.site.settings import SiteSettings, read_settings
from greenramp.site.slots import ensure_active_slot, other_slot, read_active_slot, slot_program, slots_lock
from greenramp.site.standby import ensure_standby
from greenramp.site.steering import ELDER, choose
from greenramp.site.takeover import Takeover, forget_takeover, note_takeover, read_takeover
from greenramp.traffic.handling import Edge

Say = Callable[[str], None]

DRAIN_SECONDS = 30.0
"""Connections that nobody has used for so long are closed between two requests."""

_LAST_LOOK_SECONDS = 5
"""It was fit a moment ago, and a writer's right must not run out meanwhile."""


def restart_router(site: SiteSettings, edge: Edge, say: Say, drain_seconds: float = DRAIN_SECONDS) -> None:
    """Start Envoy anew, with these edge settings, while the one before serves on until its last request.

    Raises Unreachable when the new one does not become fit to serve; then the old one stays, with its settings.
    """
    home, supervisor = site.home, Supervisor(site.home.supervisor_socket)
    with locked(home.runtime / "site.lock"), locked(slots_lock(home)):
        if not supervisor.running():
            raise ConfigError("the site does not run; start it with: greenramp up")
        old = settle_router(site, supervisor, say, drain_seconds)
        if old is None:
            raise Unreachable("Envoy does not run, so nobody can take over from it; start it with: greenramp up")
        before, new, envoys = read_settings(home) or site, other_slot(old), Envoys(site, supervisor)
        try:
            envoys.leave(new, drain_seconds)  # it stood by, with the settings of before
            write_slot(site, new, edge)
            envoys.begin(new)
            say(f"{slot_program(new)} starts beside {slot_program(old)}")
            _take_over(envoys, Takeover(new, edge))
        except BaseException:
            envoys.leave(new, LAST_REQUESTS_SECONDS)
            ensure_standby(before, supervisor, old)
            raise
        _see_off(before, envoys, Takeover(new, edge), say, drain_seconds)
        ensure_standby(replace(before, edge=edge), supervisor, new)


def settle_router(
    site: SiteSettings, supervisor: Supervisor, say: Say, drain_seconds: float = DRAIN_SECONDS
) -> str | None:
    """Finish what a restart that was killed has left, and let the admin socket lead to the Envoy that has the users.

    For a caller that holds the slots' lock. Gives the slot of that Envoy, None when neither runs.
    """
    envoys = Envoys(site, supervisor)
    if unfinished := read_takeover(site.home):
        _finish(site, envoys, unfinished, say, drain_seconds)
    alive = envoys.alive()
    if len(alive) > 1:
        choose(ADDRESS, site.router_port, ELDER)
    if not alive or (active := envoys.follow()):
        return active if alive else None
    active = read_active_slot(site.home)  # it is just being started
    active = active if active in alive else next(iter(alive))
    ensure_active_slot(site.home, active)
    return active


def _finish(site: SiteSettings, envoys: Envoys, takeover: Takeover, say: Say, drain_seconds: float) -> None:
    alive, new = envoys.alive(), takeover.slot
    if len(alive) > 1:
        say(f"an earlier restart is not finished; {slot_program(new)} takes over")
        try:
            _take_over(envoys, takeover)
        except Unreachable as error:
            say(str(error))
            envoys.leave(new, LAST_REQUESTS_SECONDS)
        else:
            _see_off(site, envoys, takeover, say, drain_seconds)
    elif new in alive:
        replace(site, edge=takeover.edge).write()
    forget_takeover(site.home)


def _take_over(envoys: Envoys, takeover: Takeover) -> None:
    """Hand the users over to this slot's Envoy when it proves fit, or leave them where they are."""
    home, new = envoys.home, takeover.slot
    try:
        envoys.await_fit(new)
        # Who changes a file asks one Envoy before and after: it has to be the same one.
        with Router(home).writing() as still_mine:
            envoys.await_fit(new, _LAST_LOOK_SECONDS)
            still_mine()
            note_takeover(home, takeover)
            envoys.ensure_chosen(new)
            ensure_active_slot(home, new)
    except BaseException:
        with suppress(GreenrampError):
            envoys.ensure_chosen(other_slot(new))
        ensure_active_slot(home, other_slot(new))
        forget_takeover(home)
        raise


def _see_off(site: SiteSettings, envoys: Envoys, takeover: Takeover, say: Say, drain_seconds: float) -> None:
    new, old = slot_program(takeover.slot), slot_program(other_slot(takeover.slot))
    replace(site, edge=takeover.edge).write()
    say(f"{new} has taken over; {old} finishes its requests")
    seconds, cut = envoys.leave(other_slot(takeover.slot), drain_seconds)
    say(f"{old} has ended after {seconds:.1f} s" + (f"; {cut} unused connections were closed" if cut else ""))
    forget_takeover(site.home)
