"""`greenramp restart-router`: another Envoy takes over from the one that runs, and no user notices.

Wherever this is killed, at most two Envoys serve from the same two files, and the next call goes on from there: the
younger, which gets all new connections already, takes over once it has proved fit; the elder leaves.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import psutil

from greenramp.clients.atomicfile import locked, read_json, write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.bootstrap import bootstrap
from greenramp.clients.lastwords import last_words
from greenramp.clients.supervisor import Process, Supervisor
from greenramp.clients.writerlock import sole_writer
from greenramp.errors import ConfigError, GreenrampError, Unreachable
from greenramp.handling import Edge
from greenramp.home import Home
from greenramp.site.settings import SiteSettings
from greenramp.site.slots import SLOTS, ensure_active_slot, other_slot, slot_program

Say = Callable[[str], None]

DRAIN_SECONDS = 30.0
"""Connections that nobody has used for so long are closed between two requests."""

_READY_SECONDS = 60
_LAST_REQUESTS_SECONDS = 5
_WRITER_PATIENCE_SECONDS = 15
"""Longer than the route files' writers take."""


def restart_router(site: SiteSettings, edge: Edge, say: Say, drain_seconds: float = DRAIN_SECONDS) -> None:
    """Start Envoy anew, with these edge settings, while the one before serves on until its last request.

    Raises Unreachable when the new one does not become fit to serve; then the old one stays, with its settings.
    """
    home, supervisor = site.home, Supervisor(site.home.supervisor_socket)
    with locked(home.runtime / "site.lock"):
        if not supervisor.running():
            raise ConfigError("the site does not run; start it with: greenramp up")
        old = settle_router(home, supervisor, say, drain_seconds)
        if old is None:
            raise Unreachable("Envoy does not run, so nobody can take over from it; start it with: greenramp up")
        new = other_slot(old)
        write_slot(site, new, edge)
        with suppress(OSError):  # a socket from before would be asked in its place
            home.slot_admin_socket(new).unlink()
        supervisor.ensure_started(slot_program(new))
        say(f"{slot_program(new)} starts beside {slot_program(old)}")
        _take_over(home, supervisor, new)
        replace(site, edge=edge).write()
        _see_off(home, supervisor, old, say, drain_seconds)


def write_slot(site: SiteSettings, slot: str, edge: Edge) -> None:
    """Fix how the Envoy in this slot will be started, now and after a crash."""
    home = site.home
    file = bootstrap(home, site.router_port, edge, admin_socket=home.slot_admin_socket(slot))
    write_json(home.slot_bootstrap(slot), file)


def settle_router(home: Home, supervisor: Supervisor, say: Say, drain_seconds: float = DRAIN_SECONDS) -> str | None:
    """Finish what a restart that was killed has left; gives the slot whose Envoy runs, None when neither does."""
    alive = {slot: process for slot in SLOTS if (process := _process(supervisor, slot)).alive}
    if len(alive) == len(SLOTS):
        new = max(alive, key=lambda slot: _started(alive[slot]))
        say(f"an earlier restart is not finished; {slot_program(new)} takes over")
        try:
            _take_over(home, supervisor, new)
        except Unreachable as error:
            say(str(error))
            return other_slot(new)
        _see_off(home, supervisor, other_slot(new), say, drain_seconds)
        return new
    for slot in alive:
        supervisor.ensure_stopped(slot_program(other_slot(slot)))  # it may wait for its next try
        ensure_active_slot(home, slot)
        return slot
    return None


def _take_over(home: Home, supervisor: Supervisor, new: str) -> None:
    """Make the Envoy in `new` the active one when it proves fit, or see it gone again."""
    try:
        _await_fit(home, supervisor, new)
        # Who changes a file asks one Envoy before and after: it has to be the same one.
        with sole_writer(home.runtime / "router.lock", _WRITER_PATIENCE_SECONDS):
            _await_fit(home, supervisor, new)
            ensure_active_slot(home, new)
    except BaseException:
        _leave(home, supervisor, new, _LAST_REQUESTS_SECONDS)
        ensure_active_slot(home, other_slot(new))
        raise


def _see_off(home: Home, supervisor: Supervisor, old: str, say: Say, drain_seconds: float) -> None:
    say(f"{slot_program(other_slot(old))} has taken over; {slot_program(old)} finishes its requests")
    seconds, cut = _leave(home, supervisor, old, drain_seconds)
    say(
        f"{slot_program(old)} has ended after {seconds:.1f} s"
        + (f"; {cut} unused connections were closed" if cut else "")
    )


def _await_fit(home: Home, supervisor: Supervisor, slot: str) -> None:
    """Wait until an Envoy is live and runs with both files as they are on disk."""
    name, deadline = slot_program(slot), time.monotonic() + _READY_SECONDS
    while True:
        process = _process(supervisor, slot)
        if not process.alive:
            raise Unreachable(
                f"{name} does not start ({process.state}), {slot_program(other_slot(slot))} serves on: "
                f"{last_words(process.log)}"
            )
        with suppress(Unreachable):
            if _fit(home, Admin(home.slot_admin_socket(slot))):
                return
        if time.monotonic() > deadline:
            raise Unreachable(
                f"{name} has not taken both files in {home.xds} after {_READY_SECONDS} s, "
                f"{slot_program(other_slot(slot))} serves on: {last_words(process.log)}"
            )
        time.sleep(0.02)


def _fit(home: Home, admin: Admin) -> bool:
    versions = [str(read_json(home.xds / name)["version_info"]) for name in ("rds.json", "cds.json")]
    return admin.ready() and [admin.accepted_routes().version, admin.accepted_clusters().version] == versions


def _leave(home: Home, supervisor: Supervisor, slot: str, drain_seconds: float) -> tuple[float, int]:
    """Stop an Envoy when its users are gone; gives the seconds it took, and how many idle connections it cut."""
    admin, started, cut = Admin(home.slot_admin_socket(slot)), time.monotonic(), 0
    with suppress(Unreachable):  # it is gone already
        admin.drain()
        while cut := (users := admin.users()).connections:
            waited = time.monotonic() - started
            if waited > drain_seconds and (not users.requests or waited > drain_seconds + _LAST_REQUESTS_SECONDS):
                break
            time.sleep(0.02)
    supervisor.ensure_stopped(slot_program(slot))
    return time.monotonic() - started, cut


def _process(supervisor: Supervisor, slot: str) -> Process:
    found = supervisor.group(slot_program(slot))
    if not found:
        raise GreenrampError(
            f"supervisord does not know {slot_program(slot)}; start it anew: greenramp down, greenramp up"
        )
    return found[0]


def _started(process: Process) -> float:
    try:
        return psutil.Process(process.pid).create_time()
    except psutil.Error:
        return 0.0
