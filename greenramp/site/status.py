"""`greenramp status`: what serves, in which shares, how healthy it is, and who is changing it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from greenramp.clients.driftfile import read_drift
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.clients.envoy.router import Router
from greenramp.clients.formats import UNREADABLE
from greenramp.clients.journal import read_last_look
from greenramp.clients.orderbook import read_held
from greenramp.clients.supervisor import Process, Supervisor
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.lifecycle.held import Held
from greenramp.reporting.progress import Now, later, now_of
from greenramp.site.edgeport import foreign_listeners
from greenramp.site.enforcement import Enforcement, enforcement
from greenramp.site.settings import read_settings
from greenramp.site.slots import FIRST_SLOT, SLOTS, read_active_slot, slot_program
from greenramp.site.steering import can_steer
from greenramp.traffic.split import Side


@dataclass(frozen=True)
class SideStatus:
    """One environment.

    percent: of the traffic. mirror: percent of the live side's requests that it gets a copy of.
    processes, healthy: how many there are, how many Envoy holds fit.
    """

    side: str
    live: bool
    version: str
    percent: float
    mirror: float
    processes: int
    healthy: int


@dataclass(frozen=True)
class ServiceStatus:
    """One service. release: id of the release under way, empty when none is; lease_seconds: what is left of its lease.

    stale: the release has not renewed its lease, so it is dead; all traffic is on the live side. watching: the newest
    look of that release at its gates; None before the first one, and when none is under way. people: who holds that
    release, and what it asks them.
    """

    service: str
    sides: tuple[SideStatus, ...]
    release: str
    step: str
    lease_seconds: float
    stale: bool
    watching: Now | None = None
    people: Held = field(default_factory=Held)


@dataclass(frozen=True)
class SiteStatus:
    """The whole site. programs: state of each of its own programs, by name. enforcement: who can end a split.

    foreign: programs beside ours that take connections on the router's port, and answer users in its place.
    drift: what the last look of `recover` found changed by hand, in words.
    """

    up: bool
    programs: dict[str, str]
    services: tuple[ServiceStatus, ...]
    enforcement: Enforcement
    foreign: tuple[str, ...]
    drift: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def read_status(home: Home) -> SiteStatus:
    """Look at a site from outside; needs neither MLflow nor Prefect."""
    try:
        processes = Supervisor(home.supervisor_socket).processes()
    except Unreachable:
        processes = ()
    router, site = Router(home), read_settings(home)
    now = time.time()
    services = []
    upstreams = router.upstreams()
    for name, route in sorted(router.read_all().items()):
        sides = []
        for upstream in (u for u in upstreams if u.service == name):
            share = route.split.percent(upstream.side) if route.split else 0.0
            over = route.leased and now >= route.until  # Envoy no longer shares, whatever the record says
            if over:
                share = 100.0 if upstream.side is route.live else 0.0
            sides.append(
                SideStatus(
                    side=upstream.side.value,
                    live=upstream.side is route.live,
                    version=upstream.version,
                    percent=share,
                    mirror=0.0 if over or upstream.side is route.live else route.mirror,
                    processes=len(upstream.addresses),
                    healthy=_healthy(home, name, upstream.side),
                )
            )
        services.append(
            ServiceStatus(
                service=name,
                sides=tuple(sides),
                release=route.owner,
                step=route.step,
                lease_seconds=round(max(0.0, route.until - now), 1),
                stale=bool(route.owner) and not route.held(now),
                watching=_newest_look(home, route.owner, now) if route.held(now) else None,
                people=read_held(home, route.owner) if route.held(now) else Held(),
            )
        )
    return SiteStatus(
        up=bool(processes),
        programs=_programs(home, processes, standby=site is not None and site.edge.standby and can_steer()),
        services=tuple(services),
        enforcement=enforcement(home),
        foreign=tuple(foreign_listeners(site)) if site else (),
        drift=tuple(map(str, read_drift(home))),
    )


def _programs(home: Home, processes: tuple[Process, ...], standby: bool) -> dict[str, str]:
    """States by name. The active Envoy is `envoy`, the other `envoy-standby`, where one is to be or runs."""
    active = slot_program(read_active_slot(home) or FIRST_SLOT)
    names = {slot_program(slot): "envoy-standby" for slot in SLOTS} | {active: "envoy"}
    own = [p for p in processes if p.group == p.name]
    shown = (p for p in own if standby or p.alive or names.get(p.name) != "envoy-standby")
    return {names.get(p.name, p.name): p.state for p in shown}


def _newest_look(home: Home, release: str, now: float) -> Now | None:
    """What the release's journal has last, with the time that is left counted from then on."""
    line = read_last_look(home, release)
    with suppress(*UNREADABLE):  # what the disk made of a look is none
        return None if line is None else later(now_of(line), now - line["ts"])
    return None


def _healthy(home: Home, service: str, side: Side) -> int:
    try:
        return Admin(home.admin_socket).healthy_members(cluster_name(service, side, "live"))
    except Unreachable:
        return 0
