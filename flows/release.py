"""Bring a model version to all traffic, step by step, or leave everything as it was."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from flows.way import Way
from greenramp.clients.envoy.lease import holding
from greenramp.clients.stops import sole_process
from greenramp.errors import GreenrampError
from greenramp.news import Kind
from greenramp.site.settings import SiteSettings, this_site
from tasks.environment import retire_environment
from tasks.freeze import journal_override, require_not_frozen
from tasks.notify import announce
from tasks.preflight import preflight
from tasks.registration import pin_plan, resolve_candidate
from tasks.resuming import take_up_release
from tasks.traffic import claim_service, let_go, observe


@flow(name="release", flow_run_name="{service}: {candidate}")
def release(service: str, candidate: str = "challenger", override_freeze: str = "", resume: str = "") -> State:
    """Release a version of a service's model: provision, smoke test, shadow, canary, promotion, bake.

    Args:
        service: The service, as its file in configs/services/ is called.
        candidate: Version number, alias, stage, models:/ address, or runs:/ address of a model to register.
        override_freeze: Why it must be now, in a freeze window; it is recorded. Empty: wait for the window's end.
        resume: Set by the recovery: id of a release whose run was stopped, which goes on; leave it empty.
    """
    site = this_site()
    if resume:
        return go_on(site, service, resume)
    try:
        plan = pin_plan(site, service)
        require_not_frozen(site, service, plan, candidate, override_freeze)
        version = resolve_candidate(site, service, plan, candidate)
        findings = preflight(site, service, plan, version)
        release_id = f"{service}-{version.version}-{str(flow_run.id)[:8]}"
        claim_service(site, service, plan, release_id)
    except GreenrampError as error:
        return refused(site, service, candidate, error)
    with holding(site.home, service, release_id, plan.lease_seconds):
        try:
            before = observe(site, service, plan, release_id, version)
            journal_override(site, service, plan, release_id, override_freeze)
        except GreenrampError as error:  # the claim ends by itself; what a dead release left is not forgotten
            return refused(site, service, candidate, error)
        if before.live_version == version.version:
            retire_environment(site, service, plan, before.idle)  # a dead release may have left one
            let_go(site, service, release_id)
            return Completed(name="AlreadyServing", message=f"{version} serves already")
        way = Way(site, service, plan, version, before, release_id, findings)
        with sole_process(site.home, release_id):
            return way.travel(way.forward)


def go_on(site: SiteSettings, service: str, release_id: str) -> State:
    """A stopped release's new run; what can't go on is left as it is, and `recover` takes it back."""
    with ExitStack() as until_the_end:
        try:
            until_the_end.enter_context(sole_process(site.home, release_id))
            stop = take_up_release(site, service, release_id)
        except GreenrampError as error:
            return Failed(name="NotResumed", message=str(error))
        with holding(site.home, service, release_id, stop.plan.lease_seconds):
            way = Way(site, service, stop.plan, stop.candidate, stop.before, release_id, ())
            return way.travel(partial(way.go_on, stop))


def refused(site: SiteSettings, service: str, candidate: str, error: GreenrampError) -> State:
    """The end of a release that touched nothing."""
    announce(site, Kind.REFUSED, service, f"{service}-{str(flow_run.id)[:8]}", f"{candidate}: {error}")
    return Failed(name="Refused", message=str(error))
