"""The two Envoys of a site: which one has the users, whether one is fit to have them, how one leaves."""

from __future__ import annotations

import time
from contextlib import suppress

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.bootstrap import bootstrap
from greenramp.clients.envoy.router import Router
from greenramp.clients.lastwords import last_words
from greenramp.clients.supervisor import Process, Supervisor
from greenramp.errors import ConfigError, GreenrampError, Unreachable
from greenramp.home import Home
from greenramp.site.edgeport import ADDRESS, who_accepts
from greenramp.site.settings import SiteSettings
from greenramp.site.slots import SLOTS, ensure_active_slot, other_slot, slot_program
from greenramp.site.steering import ELDER, YOUNGER, choose
from greenramp.traffic.handling import Edge

LAST_REQUESTS_SECONDS = 5
_READY_SECONDS = 60


class Envoys:
    """Both Envoys of a running site."""

    def __init__(self, site: SiteSettings, supervisor: Supervisor) -> None:
        self.home, self._port, self._supervisor = site.home, site.router_port, supervisor

    def processes(self) -> dict[str, Process]:
        """What supervisord says of both, by slot."""
        known = {process.group: process for process in self._supervisor.processes()}
        if missing := [slot_program(slot) for slot in SLOTS if slot_program(slot) not in known]:
            raise GreenrampError(f"supervisord does not know {missing[0]}; start it anew: greenramp down, greenramp up")
        return {slot: known[slot_program(slot)] for slot in SLOTS}

    def alive(self) -> dict[str, Process]:
        """Those whose process is there."""
        return {slot: process for slot, process in self.processes().items() if process.alive}

    def chosen(self) -> str | None:
        """The slot whose Envoy gets new connections, as one connection shows; None when nobody takes it."""
        alive = self.alive()
        pid = who_accepts(self._port, [process.pid for process in alive.values()])
        return next((slot for slot, process in alive.items() if process.pid == pid), None)

    def ensure_chosen(self, slot: str) -> None:
        """Let this slot's Envoy get all new connections, whichever of the two has listened for longer.

        Raises Unreachable when they go elsewhere all the same. Where the kernel can't steer, nothing is asked of it.
        """
        for number in (ELDER, YOUNGER):
            if not choose(ADDRESS, self._port, number) or self.chosen() == slot:
                return
        raise Unreachable(f"new connections do not come to {slot_program(slot)}")

    def follow(self) -> str | None:
        """Let the admin socket lead to the Envoy that gets new connections; gives its slot.

        Who changes a file asks one Envoy before and after, and it has to be the same one: so writers are waited for.
        """
        if self.chosen() is None:
            return None
        with Router(self.home).writing() as still_mine:
            if slot := self.chosen():
                still_mine()
                ensure_active_slot(self.home, slot)
            return slot

    def begin(self, slot: str) -> None:
        """Start the Envoy in a slot; its readiness is for the caller to see."""
        with suppress(OSError):  # a socket from before would be asked in its place
            self.home.slot_admin_socket(slot).unlink()
        self._supervisor.ensure_started(slot_program(slot))

    def await_fit(self, slot: str, seconds: float = _READY_SECONDS) -> None:
        """Wait until an Envoy is live and runs with both files as they are on disk."""
        name, deadline = slot_program(slot), time.monotonic() + seconds
        while True:
            process = self.processes()[slot]
            if not process.alive:
                raise Unreachable(
                    f"{name} does not start ({process.state}), {slot_program(other_slot(slot))} serves on: "
                    f"{last_words(process.log)}"
                )
            with suppress(Unreachable):
                if fit(self.home, slot):
                    return
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{name} has not taken both files in {self.home.xds} after {seconds:g} s, "
                    f"{slot_program(other_slot(slot))} serves on: {last_words(process.log)}"
                )
            time.sleep(0.02)

    def leave(self, slot: str, drain_seconds: float) -> tuple[float, int]:
        """Stop an Envoy when its users are gone; gives the seconds it took, and how many idle connections it cut."""
        admin, started, cut = Admin(self.home.slot_admin_socket(slot)), time.monotonic(), 0
        with suppress(Unreachable):  # it is gone already
            admin.drain()
            while cut := (users := admin.users()).connections:
                waited = time.monotonic() - started
                if waited > drain_seconds and (not users.requests or waited > drain_seconds + LAST_REQUESTS_SECONDS):
                    break
                time.sleep(0.02)
        self._supervisor.ensure_stopped(slot_program(slot))
        return time.monotonic() - started, cut


def write_slot(site: SiteSettings, slot: str, edge: Edge) -> None:
    """Fix how the Envoy in this slot will be started, now and after a crash."""
    write_json(site.home.slot_bootstrap(slot), _bootstrap(site, slot, edge))


def is_written(site: SiteSettings, slot: str) -> bool:
    """Whether the Envoy in this slot is started with the site's own edge settings."""
    try:
        return bool(read_json(site.home.slot_bootstrap(slot)) == _bootstrap(site, slot, site.edge))
    except ValueError:
        return False


def fit(home: Home, slot: str) -> bool:
    """Whether an Envoy is live and runs with both files on disk; raises Unreachable when it does not answer."""
    admin = Admin(home.slot_admin_socket(slot))
    try:
        versions = Router(home).versions()
    except ConfigError:  # one of them is damaged: nobody runs with it
        return False
    return admin.ready() and [admin.accepted_routes().version, admin.accepted_clusters().version] == versions


def _bootstrap(site: SiteSettings, slot: str, edge: Edge) -> dict[str, object]:
    return bootstrap(site.home, site.router_port, edge, admin_socket=site.home.slot_admin_socket(slot))
