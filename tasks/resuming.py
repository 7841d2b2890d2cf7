"""A release that can go on after its run was stopped: what it keeps for that, and how a new run takes it up."""

from __future__ import annotations

import time

from prefect import get_run_logger, task
from prefect.exceptions import TerminationSignal
from prefect.runtime import flow_run

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.registry import Registry
from greenramp.clients.stops import keep_stop, read_stop
from greenramp.config import CHAMPION
from greenramp.errors import GreenrampError, Refused
from greenramp.lifecycle.phases import Phase
from greenramp.lifecycle.recovery import take_up
from greenramp.lifecycle.resuming import RESUMABLE, SWITCHED, Stop, hindrance
from greenramp.site.enforcement import require_enforcement
from greenramp.site.resuming import see_world
from greenramp.site.settings import SiteSettings
from tasks.policy import STEP


def keep_where_it_is(site: SiteSettings, stop: Stop) -> None:
    """Keep how far the release is, where its service wants it resumed and a new run could go on from there."""
    if stop.plan.on_planned_stop == "resume" and stop.phase in RESUMABLE:
        keep_stop(site.home, stop)


def is_planned_stop(site: SiteSettings, release: str, error: BaseException) -> bool:
    """Whether the run's process was told to end by who runs it, and its release can go on; a cancelled run goes back.

    With Prefect away it is a stop: nobody can have cancelled the run there just now.
    """
    if not isinstance(error, TerminationSignal) or read_stop(site.home, release) is None:
        return False
    try:
        run = PrefectApi(site.prefect_url).find_flow_run(str(flow_run.id))
    except GreenrampError:
        return True
    return run is None or run.type not in ("CANCELLING", "CANCELLED")


@task(**STEP, task_run_name="take up {release}")
def take_up_release(site: SiteSettings, service: str, release: str) -> Stop:
    """Take the service for a release whose run was stopped; the caller is its sole process. Safe to repeat.

    Raises Refused when it is not as the release left it, Fenced when somebody else has come; nothing is touched then.
    """
    stop = read_stop(site.home, release)
    if stop is None:
        raise Refused(f"{release} kept nothing to go on from; greenramp recover takes it back")
    router = Router(site.home)
    if why := hindrance(stop, see_world(site, router.read(service), alone=True)):
        raise Refused(f"{release} can't go on: {why}; greenramp recover takes it back")
    if warning := require_enforcement(site.home):
        get_run_logger().warning("%s", warning)
    lease = stop.plan.lease_seconds
    route = router.change(service, lambda r: take_up(r, release, time.time(), lease))
    Journal(site.home, release).add("resumed", phase=stop.phase.value, generation=route.generation)
    get_run_logger().warning("%s goes on after a stop, at: %s", release, stop.phase.value)
    return stop


@task(**STEP, task_run_name="the registry is as it was left")
def require_registry_as_left(site: SiteSettings, stop: Stop) -> None:
    """Raise Refused when somebody has moved the champion since, ConfigError when the candidate is gone."""
    registry, model = Registry(site.mlflow_url), stop.plan.model
    registry.version(model, stop.candidate.version)
    champion = registry.alias(model, CHAMPION)
    left = {stop.candidate.version} if stop.phase in SWITCHED else set[str | None]()
    if stop.phase is not Phase.PROMOTED:  # a stop right after the switch may have come before the move, or after it
        left.add(stop.before.champion)
    if champion not in left:
        raise Refused(f"alias {CHAMPION} of {model} is {champion or 'not set'}; somebody has moved it meanwhile")
