"""The way back, one retryable task for each system; traffic needs nothing but the router's files."""

from __future__ import annotations

import time
from contextlib import suppress

from prefect import get_run_logger, task

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.registry import Registry
from greenramp.clients.takenback import tell_taken_back
from greenramp.config import Service
from greenramp.errors import Refused, Unreachable
from greenramp.lifecycle.plan import Before, Candidate
from greenramp.site.environments import provider_of
from greenramp.site.mending import mend_registry
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route, put_back, take_back
from greenramp.traffic.split import Side
from tasks.environment import retire_environment
from tasks.policy import WAY_BACK
from tasks.promotion import put_back_aliases


@task(**WAY_BACK, task_run_name="put traffic back")
def put_back_traffic(site: SiteSettings, service: str, release: str, before: Before) -> None:
    """All traffic where it was. Raises Fenced when somebody else holds the service by now. Safe to repeat.

    With Envoy down, the record on disk is what it comes back with.
    """
    with suppress(Unreachable):
        Router(site.home).change(service, lambda r: put_back(r, release, before.live))
    Journal(site.home, release).add("traffic put back", live=before.live, version=before.live_version)
    get_run_logger().info("traffic is back on version %s", before.live_version)


@task(**WAY_BACK, timeout_seconds=120, task_run_name="put registry back")
def put_back_registry(
    site: SiteSettings, plan: Service, candidate: Candidate, before: Before, release: str, reason: str, *, moved: bool
) -> None:
    """The version says why; where a promotion may have begun (`moved`), aliases and stages as they were before."""
    registry = Registry(site.mlflow_url)
    if moved:
        put_back_aliases(registry, plan, candidate, before, release)
    status = {"greenramp.status": "rolled-back", "greenramp.release": release, "greenramp.reason": reason}
    registry.set_tags(plan.model, candidate.version, status)
    Journal(site.home, release).add("registry put back", champion=before.champion)


@task(**WAY_BACK, task_run_name="stop {side}")
def put_back_environment(site: SiteSettings, service: str, plan: Service, side: Side, release: str) -> None:
    """Stop the candidate's environment, if it is still this release's."""
    running = provider_of(site).read(service, side)
    if running is not None and running.release == release:
        retire_environment.fn(site, service, plan, side)
        Journal(site.home, release).add("environment stopped", side=side.value)


@task(**WAY_BACK, task_run_name="take traffic back")
def take_traffic_back(site: SiteSettings, service: str, owner: str, lease_seconds: float) -> Route:
    """A person's rollback: take the service from whoever holds it. Safe to repeat."""
    route = Router(site.home).change(service, lambda r: take_back(r, owner, time.time(), lease_seconds))
    tell_taken_back(site.home, service, owner, route)
    return route


@task(**WAY_BACK, timeout_seconds=120, task_run_name="registry follows traffic")
def follow_in_registry(site: SiteSettings, service: str, plan: Service, owner: str) -> str:
    """The champion is the version that serves; returns its number."""
    router = Router(site.home)
    route = router.read(service)
    upstream = router.upstream(service, route.live) if route.live else None
    if upstream is None:
        raise Refused(f"{service} serves no version, so there is none to go back to")
    mend_registry(site, service, plan, upstream.version, owner)
    return upstream.version
