"""The candidate's environment: start, wait until it answers, warm it up, stop it."""

from __future__ import annotations

import time
from importlib import import_module
from threading import Thread

from prefect import get_run_logger, task

from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import Upstream, cluster_name
from greenramp.clients.envoy.router import Router
from greenramp.clients.payloads import payloads_of
from greenramp.clients.scoring import Scoring
from greenramp.config import Service
from greenramp.errors import ProvisionFailed
from greenramp.lifecycle.plan import Candidate
from greenramp.providers.base import EnvironmentOrder, RunningEnvironment
from greenramp.site.environments import provider_of, retire
from greenramp.site.settings import SiteSettings
from greenramp.traffic.split import Side
from tasks.policy import STEP

_WARM_UP_REQUESTS = 20
_NEEDED_LATER = ("greenramp.clients.shadowplots", "greenramp.clients.releasereport")
"""Slow imports (matplotlib), for which a release would wait at its end; while a model starts there is time."""


@task(**STEP, task_run_name="provision {side}: version {candidate.version}")
def start_environment(
    site: SiteSettings, service: str, plan: Service, side: Side, candidate: Candidate, release: str
) -> RunningEnvironment:
    """Start the version on one side. Safe to repeat."""
    order = EnvironmentOrder(
        service=service,
        side=side,
        version=candidate.version,
        digest=candidate.digest,
        model_path=candidate.model_path,
        release=release,
        settings=plan.environment,
        slices=plan.shadow.slices,
    )
    return provider_of(site).ensure(order)


@task(**STEP, task_run_name="wait ready: {environment.side}")
def await_ready(site: SiteSettings, plan: Service, environment: RunningEnvironment) -> float:
    """Wait until every process answers; returns the seconds that took."""
    provider, started = provider_of(site), time.monotonic()
    Thread(target=lambda: [import_module(name) for name in _NEEDED_LATER], daemon=True).start()
    while not provider.require_ready(environment):
        if time.monotonic() - started > plan.environment.start_seconds:
            raise ProvisionFailed(
                f"{environment.service} version {environment.version} does not answer after "
                f"{plan.environment.start_seconds:g} s (environment.start_seconds); its log is in {site.home.logs}"
            )
        time.sleep(0.1)
    seconds = time.monotonic() - started
    get_run_logger().info("version %s answers after %.1f s", environment.version, seconds)
    return seconds


@task(**STEP, task_run_name="warm up: {environment.side}")
def warm_up(site: SiteSettings, environment: RunningEnvironment, candidate: Candidate) -> None:
    """Send real payloads until the first slow answers are over, then make the environment known to the router."""
    payloads = payloads_of(candidate.model_path)
    for host, port in environment.addresses:
        scoring = Scoring(f"http://{host}:{port}")
        for index in range(_WARM_UP_REQUESTS if payloads else 0):
            scoring.score(payloads[index % len(payloads)])
    router = Router(site.home)
    router.ensure_upstream(Upstream(environment.service, environment.side, environment.addresses, environment.version))
    _await_healthy(site, environment)


@task(**STEP, task_run_name="retire {side}")
def retire_environment(site: SiteSettings, service: str, plan: Service, side: Side) -> None:
    """Stop an environment that has no traffic any more, once its last request is answered. Safe to repeat."""
    retire(site, service, side, plan.environment.drain_seconds)
    get_run_logger().info("%s of %s is stopped", side.value, service)


def _await_healthy(site: SiteSettings, environment: RunningEnvironment) -> None:
    """Wait until Envoy has seen every process healthy; before that it would refuse to route there."""
    admin, deadline = Admin(site.home.admin_socket), time.monotonic() + 15
    names = [cluster_name(environment.service, environment.side, role) for role in ("live", "candidate")]
    while any(admin.healthy_members(name) < len(environment.addresses) for name in names):
        if time.monotonic() > deadline:
            raise ProvisionFailed(
                f"{environment.service} version {environment.version} answers us, but not the router's health checks"
            )
        time.sleep(0.05)
