"""A release whose run was stopped: what the world is now, and the order for a run that goes on with it."""

from __future__ import annotations

import time

from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.clients.envoy.router import Router
from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.stops import add_asked, nobody_lives, read_asked, read_stop
from greenramp.lifecycle.recovery import Found, Recovery
from greenramp.lifecycle.resuming import World, stopped
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side


def see_stopped(site: SiteSettings, route: Route) -> Found | None:
    """What `recovery.find` is to be told of a release that may have been stopped where it can go on.

    Raises Unreachable when Envoy, which knows which environments are fit, does not answer.
    """
    stop = read_stop(site.home, route.owner) if route.owner else None
    if stop is None or route.held(time.time()):
        return None
    world = see_world(site, route, alone=nobody_lives(site.home, route.owner))
    return stopped(stop, world, time.time())


def see_world(site: SiteSettings, route: Route, *, alone: bool) -> World:
    """The service as it is now; alone: whether no process of its release lives."""
    live = route.live or route.idle.other
    return World(
        route=route,
        live_version=_version(site, route, live),
        idle_version=_version(site, route, live.other),
        live_fit=_fit(site, route, live),
        idle_fit=_fit(site, route, live.other),
        alone=alone,
        asked=read_asked(site.home, route.owner),
    )


def order_resume(site: SiteSettings, recovery: Recovery) -> str:
    """Ask Prefect for a run that goes on with a stopped release; returns its page. Safe to repeat.

    Raises Unreachable when Prefect does not answer; it is then asked again, or the release goes back.
    """
    number = add_asked(site.home, recovery.owner)
    prefect = PrefectApi(site.prefect_url)
    wanted = {"service": recovery.service, "resume": recovery.owner}
    run = prefect.run("release/greenramp", wanted, key=f"{recovery.owner}-resume-{number}")
    return prefect.page(run.id)


def _version(site: SiteSettings, route: Route, side: Side) -> str | None:
    upstream = Router(site.home).upstream(route.service, side)
    return upstream.version if upstream else None


def _fit(site: SiteSettings, route: Route, side: Side) -> bool:
    return Admin(site.home.admin_socket).healthy_members(cluster_name(route.service, side, "live")) > 0
