"""Traffic: claim a service, give the candidate its share, switch, let go."""

from __future__ import annotations

import time
from dataclasses import replace

from prefect import get_run_logger, task

from greenramp.clients.envoy.router import Router
from greenramp.clients.envoy.servedshare import confirm_share
from greenramp.clients.journal import Journal
from greenramp.clients.registry import Registry
from greenramp.config import CHAMPION, PREVIOUS, Service
from greenramp.errors import Fenced
from greenramp.lifecycle.plan import Before, Candidate
from greenramp.site.admission import admit
from greenramp.site.mending import mend_registry
from greenramp.site.recovery import find_dead, recover
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import PUTTING_RIGHT, Route, claim, leave, settle, shift, switch
from greenramp.traffic.split import Side
from tasks.notify import tell_recovered
from tasks.policy import STEP, WAY_BACK

_CONFIRM_SECONDS = 10.0
"""How long a step waits for the traffic that shows its share; 30 requests/s are enough for 5 %."""


@task(**STEP, task_run_name="claim {service}")
def claim_service(site: SiteSettings, service: str, plan: Service, release: str) -> Route:
    """Take the service; raises ReleaseUnderWay while another living release holds it. Safe to repeat.

    What a dead release left is put right first, so that this one begins from a version that a bake has proved.
    """
    if warning := admit(site, service, release):
        get_run_logger().warning("%s", warning)
    for dead in find_dead(site):
        if dead.service == service:
            recover(site, dead, get_run_logger().warning)
            tell_recovered(site, dead)
    lease = plan.lease_seconds
    route = Router(site.home).change(service, lambda r: _handled(claim(r, release, time.time(), lease), plan))
    if route.step.startswith(PUTTING_RIGHT):
        get_run_logger().warning("%s: %s", service, route.step)
    return route


@task(**STEP, timeout_seconds=120, task_run_name="observe {service}")
def observe(site: SiteSettings, service: str, plan: Service, release: str, candidate: Candidate) -> Before:
    """What the world is now, which the way back restores; what a dead release left is put right first."""
    router, registry = Router(site.home), Registry(site.mlflow_url)
    route = router.read(service)
    upstream = router.upstream(service, route.live) if route.live else None
    if upstream and route.step.startswith(PUTTING_RIGHT):
        mend_registry(site, service, plan, upstream.version, release)
    before = Before(
        live=route.live,
        live_version=upstream.version if upstream else None,
        champion=registry.alias(plan.model, CHAMPION),
        previous=registry.alias(plan.model, PREVIOUS),
        candidate_stage=registry.version(plan.model, candidate.version).stage,
        production=registry.in_stage(plan.model, "Production"),
    )
    if before.live_version and before.champion != before.live_version:
        get_run_logger().warning(
            "alias %s is %s, but version %s serves; the serving version is the one this release returns to",
            CHAMPION,
            before.champion,
            before.live_version,
        )
    Journal(site.home, release).add(
        "claimed",
        live=route.live,
        version=before.live_version,
        model=plan.model,
        candidate=candidate.version,
        lease_seconds=plan.lease_seconds,
    )
    return before


def require_owner(site: SiteSettings, service: str, release: str) -> None:
    """Raises Fenced when the service belongs to somebody else by now, or the release's lease has ended."""
    route = Router(site.home).read(service)
    if route.owner != release:
        raise Fenced(f"{service} was taken over by {route.owner or 'nobody'} while {release} was watching")
    if not route.held(time.time()):
        raise Fenced(f"{service}: the lease of {release} has ended; Envoy sends all traffic to {route.live}")


def _handled(route: Route, plan: Service) -> Route:
    return replace(route, handling=plan.traffic.handling())


@task(**STEP, task_run_name="split: {percent:g} % to the candidate")
def set_share(site: SiteSettings, service: str, release: str, percent: float) -> int:
    """Give the candidate its share; returns the traffic record's generation. Safe to repeat."""
    step = f"canary {percent:g} %"
    route = Router(site.home).change(service, lambda r: shift(r, release, time.time(), percent, step))
    Journal(site.home, release).add("share raised", percent=percent, generation=route.generation)
    get_run_logger().info("%s (generation %d)", route.split, route.generation)
    return route.generation


@task(**STEP, task_run_name="see {percent:g} % served")
def see_served(site: SiteSettings, service: str, release: str, side: Side, percent: float, generation: int) -> None:
    """Wait until the share that `side` is served is the one asked for; raises NotConfirmed when it is not."""
    seen = confirm_share(site.home, service, side, percent, generation, _CONFIRM_SECONDS)
    Journal(site.home, release).add(
        "share served", asked=percent, requests=seen.served.requests, candidate=seen.served.candidate
    )
    too_few = "" if seen.enough else f"; too few within {_CONFIRM_SECONDS:g} s to tell a wrong share from chance"
    get_run_logger().info("asked %g %%, served %s%s", percent, seen.served, too_few)


@task(**STEP, task_run_name="switch: {side} is live")
def switch_live(site: SiteSettings, service: str, release: str, side: Side) -> int:
    """All traffic to `side` for good; the old side stays behind it as fallback. Safe to repeat."""
    route = Router(site.home).change(service, lambda r: switch(r, release, time.time(), side, "switched"))
    upstream = Router(site.home).upstream(service, side)
    version = upstream.version if upstream else None
    Journal(site.home, release).add("traffic switched", live=side.value, version=version, generation=route.generation)
    get_run_logger().info("%s is live (generation %d)", side.value, route.generation)
    return route.generation


@task(**STEP, task_run_name="nothing falls back any more")
def settle_traffic(site: SiteSettings, service: str, release: str) -> None:
    """Take the old version out of the routes, so that it can be stopped. Safe to repeat."""
    Router(site.home).change(service, lambda r: settle(r, release))


@task(**WAY_BACK, task_run_name="let go of {service}")
def let_go(site: SiteSettings, service: str, release: str) -> None:
    """Give the claim up, so that the next release may come. Safe to repeat."""
    Router(site.home).change(service, lambda r: leave(r, release))
    Journal(site.home, release).add("let go")
