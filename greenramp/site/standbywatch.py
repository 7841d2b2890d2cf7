"""The guard's part in the standby: after a crash, who is asked and told is the Envoy that has the users."""

from __future__ import annotations

import logging
from contextlib import suppress

import psutil

from greenramp.clients.atomicfile import locked_if_free
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.supervisor import Supervisor
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.site.edgeport import ADDRESS
from greenramp.site.envoys import Envoys, fit
from greenramp.site.restart import settle_router
from greenramp.site.settings import SiteSettings, read_settings
from greenramp.site.slots import other_slot, read_active_slot, slot_program, slots_lock
from greenramp.site.standby import ensure_standby, has_standby
from greenramp.site.steering import ELDER, choose
from greenramp.site.takeover import Takeover, read_takeover

_LOOKS_BEFORE_COMPLAINT = 10

logger = logging.getLogger("greenramp.guard")


class StandbyWatch:
    """Looks at both Envoys again and again, and does what is quick to do."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._settled: dict[str, psutil.Process] = {}
        self._misfits = 0

    def look(self) -> str:
        """Let the admin socket lead to the Envoy that has the users, and see that the other stands by.

        Returns what is wrong with the standby, empty for nothing. Raises Unreachable when supervisord does not answer.
        """
        site = read_settings(self._home)
        if site is None:
            return ""
        if not self._as_before():
            self._settle(site, Supervisor(self._home.supervisor_socket))
        return self._doubt(site)

    def _as_before(self) -> bool:
        return read_active_slot(self._home) in self._settled and all(map(_runs, self._settled.values()))

    def _settle(self, site: SiteSettings, supervisor: Supervisor) -> None:
        envoys, self._settled, self._misfits = Envoys(site, supervisor), {}, 0
        active = envoys.follow()
        with locked_if_free(slots_lock(self._home)) as free:
            if not free or active is None:
                return
            if takeover := read_takeover(self._home):
                if not _still_leaving(site, envoys, takeover):
                    settle_router(site, supervisor, logger.info, 0)
                return
            alive = envoys.alive()
            if len(alive) > 1:  # they may have begun at the same moment, and nobody has set the rule
                choose(ADDRESS, site.router_port, ELDER)
                active = envoys.follow()
            if active is None:
                return
            ensure_standby(site, supervisor, active)
            all_there = len(alive) == 1 + has_standby(site)
            if all_there and {p.pid for p in envoys.alive().values()} == {p.pid for p in alive.values()}:
                with suppress(psutil.Error):  # one has just ended: the next look sees to it
                    self._settled = {slot: psutil.Process(process.pid) for slot, process in alive.items()}

    def _doubt(self, site: SiteSettings) -> str:
        active = read_active_slot(self._home)
        if active is None or other_slot(active) not in self._settled:
            return ""
        slot = other_slot(active)
        try:
            well = fit(self._home, slot)
        except Unreachable:
            well = False
        self._misfits = 0 if well else self._misfits + 1
        if self._misfits < _LOOKS_BEFORE_COMPLAINT:
            return ""
        return (
            f"{slot_program(slot)}, which stands by, does not run with the files in {site.home.xds}; read why in "
            f"{site.home.logs / 'envoy.log'}, then begin anew with: greenramp restart-router"
        )


def _still_leaving(site: SiteSettings, envoys: Envoys, takeover: Takeover) -> bool:
    """Whether a restart that was killed has left an Envoy with users: it is told to let them go, and not waited for."""
    if len(envoys.alive()) < 2:
        return False
    admin = Admin(site.home.slot_admin_socket(other_slot(takeover.slot)))
    try:
        if not fit(site.home, takeover.slot):
            return True
        envoys.ensure_chosen(takeover.slot)
        envoys.follow()
        admin.drain()
        return admin.users().connections > 0
    except Unreachable:
        return True


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
