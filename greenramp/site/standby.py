"""The standby: a second Envoy that runs without users, and has them all at once when the active one dies."""

from __future__ import annotations

from greenramp.clients.supervisor import Supervisor
from greenramp.site.envoys import Envoys, is_written, write_slot
from greenramp.site.settings import SiteSettings
from greenramp.site.slots import other_slot
from greenramp.site.steering import can_steer


def has_standby(site: SiteSettings) -> bool:
    """Whether a second Envoy is to run; where new connections can't be steered it would get half of them."""
    return site.edge.standby and can_steer()


def ensure_standby(site: SiteSettings, supervisor: Supervisor, active: str) -> None:
    """See that the other slot runs with the site's settings, or is empty where it is to be. Waits for nothing long.

    For a caller that holds the slots' lock. Call it when the active Envoy listens, so that the other is the younger.
    """
    envoys, slot = Envoys(site, supervisor), other_slot(active)
    process = envoys.processes()[slot]
    if not has_standby(site):
        if process.state != "STOPPED":
            envoys.leave(slot, 0)
        return
    if not is_written(site, slot):
        envoys.leave(slot, 0)
        write_slot(site, slot, site.edge)
    elif process.alive or process.state == "BACKOFF":  # supervisord tries again
        return
    envoys.begin(slot)
