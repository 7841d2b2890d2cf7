"""What a dead release left is put right: traffic, registry, environment, record; without Prefect."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

from greenramp.clients.configfiles import read_service
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.clients.envoy.lease import holding
from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.stops import forget_stop
from greenramp.config import Service
from greenramp.errors import Fenced
from greenramp.lifecycle.recovery import Recovery, Way, find, take_over
from greenramp.site.environments import retire
from greenramp.site.resuming import order_resume, see_stopped
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route, leave

_LEASE_SECONDS = 20.0
"""A recovery that died is itself found dead so soon."""

_RECOVERY = "-recover-"


def find_dead(site: SiteSettings, *, resuming: bool = False) -> tuple[Recovery, ...]:
    """Every service whose release is dead, with what is to be done.

    resuming: whether a release may go on where its service wants that; without it each goes back or forward.
    Raises Unreachable when Envoy, which knows which environments are fit, does not answer.
    """
    now, admin = time.time(), Admin(site.home.admin_socket)
    found = []
    for service, route in sorted(Router(site.home).read_all().items()):
        fit = route.fallback and admin.healthy_members(cluster_name(service, route.idle, "live")) > 0
        stopped = see_stopped(site, route) if resuming else None
        recovery = find(route, now, idle_fit=fit, stopped=stopped)
        if recovery.way is not Way.NOTHING:
            found.append(recovery)
    return tuple(found)


def recover(site: SiteSettings, recovery: Recovery, say: Callable[[str], None]) -> None:
    """Do what was found to be done. Whatever it is stopped by, the next one goes on from there.

    Traffic first, which needs no other server. Raises Fenced when somebody has come meanwhile; ConfigError when the
    service's configuration can't be read, Unreachable when MLflow is away: traffic is right by then.
    """
    service, died = recovery.service, _who_died(site, recovery.owner)
    again = _RECOVERY in recovery.owner
    owner = recovery.owner if again else f"{service}{_RECOVERY}{uuid.uuid4().hex[:8]}"
    journal = Journal(site.home, owner)
    if not again:
        facts = {"step": recovery.step, "found": recovery.found.value, "way": recovery.way.value}
        journal.add("recovers", release=died, **facts)
    route = Router(site.home).change(service, lambda r: take_over(r, recovery, owner, time.time(), _LEASE_SECONDS))
    say(f"{recovery}; traffic is on {route.live or 'nothing'}")
    with holding(site.home, service, owner, _LEASE_SECONDS):
        _finish(site, service, owner, recovery, route)
        version = _version(site, route)
        outcome = "live" if recovery.way.kept else "rolled-back"
        reason = f"{died} died at: {recovery.step or 'its start'}; put right by {owner}"
        Journal(site.home, died).add("ended", outcome=outcome, reason=reason)
        journal.add("recovered", release=died, version=version)
    Router(site.home).change(service, lambda r: leave(r, owner))
    forget_stop(site.home, died)
    say(f"{service}: version {version or 'none'} serves; registry, environments and record say so")


def _finish(site: SiteSettings, service: str, owner: str, recovery: Recovery, route: Route) -> None:
    plan = read_service(site.configs, service)
    _follow(site, service, plan, owner, recovery, route)
    retire(site, service, route.idle, plan.environment.drain_seconds)


def _follow(site: SiteSettings, service: str, plan: Service, owner: str, recovery: Recovery, route: Route) -> None:
    from greenramp.clients.releaserecord import close_others
    from greenramp.site.mending import mend_registry

    version = _version(site, route)
    if version is None:
        close_others(site.mlflow_url, service, owner, f"did not come to its end; put right by {owner}")
    else:
        mend_registry(site, service, plan, version, owner, kept=recovery.way.kept)


def _version(site: SiteSettings, route: Route) -> str | None:
    upstream = Router(site.home).upstream(route.service, route.live) if route.live else None
    return upstream.version if upstream else None


def _who_died(site: SiteSettings, owner: str) -> str:
    """The release, where the one that died was putting right what another one had left."""
    for line in Journal(site.home, owner).read():
        if line["event"] == "recovers":
            return str(line["release"])
    return owner


def recover_all(site: SiteSettings, say: Callable[[str], None]) -> list[str]:
    """Put every service right that needs it; returns what could not be done, each with its cure. Safe to repeat."""
    left = []
    for recovery in find_dead(site, resuming=True):
        try:
            if recovery.way is Way.RESUME:
                say(f"{recovery}: {order_resume(site, recovery)}")
            else:
                recover(site, recovery, say)
        except Fenced as error:
            say(str(error))  # somebody else works on it, and that is as well
        except Exception as error:  # noqa: BLE001  (one service that can't be put right keeps no other)
            left.append(f"{recovery.service}: {error}")
    return left
