"""Back to the version before: at once while it is warm, by starting it again when it is not."""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from greenramp.clients.envoy.lease import holding
from greenramp.config import PREVIOUS, Service
from greenramp.errors import GreenrampError
from greenramp.news import Kind
from greenramp.site.settings import SiteSettings, this_site
from greenramp.traffic.route import TAKEN_BACK, Route
from greenramp.verdict import require
from tasks.environment import await_ready, retire_environment, start_environment, warm_up
from tasks.notify import announce
from tasks.promotion import promote
from tasks.registration import pin_plan, resolve_candidate
from tasks.rollback import (
    follow_in_registry,
    put_back_environment,
    put_back_registry,
    put_back_traffic,
    take_traffic_back,
)
from tasks.smoke import smoke_test
from tasks.traffic import claim_service, let_go, observe, settle_traffic, switch_live


@flow(name="rollback", flow_run_name="{service}: rollback")
def rollback(service: str, rollback_id: str = "") -> State:
    """Take a service's traffic back from a release under way, or from the champion to the version before it.

    Args:
        service: The service, as its file in configs/services/ is called.
        rollback_id: Set by the command line, which has moved traffic already; leave it empty.
    """
    site = this_site()
    owner = rollback_id or f"{service}-rollback-{str(flow_run.id)[:8]}"
    try:
        plan = pin_plan(site, service)
        route = take_traffic_back(site, service, owner, plan.lease_seconds)
    except GreenrampError as error:
        return Failed(name="Refused", message=str(error))
    with holding(site.home, service, owner, plan.lease_seconds):
        try:
            taken = route.step == TAKEN_BACK
            ended = finish(site, service, plan, owner, route) if taken else start_previous(site, service, plan, owner)
        except GreenrampError as error:
            get_run_logger().error("%s", error)
            announce(site, Kind.PUT_BACK_FAILED, service, owner, str(error))
            return Failed(name="NotRolledBack", message=str(error))
    announce(site, Kind.ROLLED_BACK if ended.is_completed() else Kind.REFUSED, service, owner, str(ended.message))
    return ended


def finish(site: SiteSettings, service: str, plan: Service, owner: str, route: Route) -> State:
    """Traffic is back already: the registry follows, the other side stops."""
    if route.live is None:
        raise GreenrampError(f"{service} serves no version, so there is none to go back to")
    version = follow_in_registry(site, service, plan, owner)
    retire_environment(site, service, plan, route.live.other)
    let_go(site, service, owner)
    return Completed(name="RolledBack", message=f"{service} is back on version {version}")


def start_previous(site: SiteSettings, service: str, plan: Service, owner: str) -> State:
    """Nothing is under way: start what the alias `previous` names, check it, and switch to it in one step."""
    try:
        version = resolve_candidate(site, service, plan, f"@{PREVIOUS}")
        claim_service(site, service, plan, owner)
        before = observe(site, service, plan, owner, version)
    except BaseException:
        let_go(site, service, owner)
        raise
    if version.version == before.live_version:
        let_go(site, service, owner)
        return Failed(name="Refused", message=f"version {version.version} serves already; it is also the previous one")
    switched = False
    try:
        environment = start_environment(site, service, plan, before.idle, version, owner)
        ready_seconds = await_ready(site, plan, environment)
        warm_up(site, environment, version)
        require(smoke_test(site, plan, environment, version, ready_seconds), where="smoke test")
        switch_live(site, service, owner, before.idle)
        switched = True
        promote(site, service, plan, version, before, owner, reason="a person rolled back to it")
        settle_traffic(site, service, owner)
    except BaseException as error:  # whatever of this fails leaves the claim, and with it the rest to the next order
        put_back_traffic(site, service, owner, before)
        put_back_registry(site, plan, version, before, owner, f"rollback to it failed: {error}", moved=switched)
        put_back_environment(site, service, plan, before.idle, owner)
        let_go(site, service, owner)
        raise
    if before.live:
        retire_environment(site, service, plan, before.live)
    let_go(site, service, owner)
    return Completed(name="RolledBack", message=f"{service} is back on version {version.version}")
