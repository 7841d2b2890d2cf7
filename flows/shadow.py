"""Compare a version with the one that serves, on copies of live requests; no user meets it, and it is not released."""

from __future__ import annotations

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from flows.way import Way, each_tried
from greenramp.clients.envoy.lease import holding
from greenramp.errors import GreenrampError, PutBackFailed
from greenramp.lifecycle.plan import Before
from greenramp.site.settings import this_site
from tasks.preflight import preflight
from tasks.registration import pin_plan, resolve_candidate
from tasks.report import close_trial_record
from tasks.rollback import put_back_environment, put_back_traffic
from tasks.traffic import claim_service, let_go, observe


@flow(name="shadow", flow_run_name="{service}: {candidate}")
def shadow(service: str, candidate: str = "challenger") -> State:
    """Shadow test a version of a service's model: provision, smoke test, compare answers, stop it again.

    Args:
        service: The service, as its file in configs/services/ is called.
        candidate: Version number, alias, stage, models:/ address, or runs:/ address of a model to register.
    """
    site = this_site()
    try:
        plan = pin_plan(site, service)
        version = resolve_candidate(site, service, plan, candidate)
        findings = preflight(site, service, plan, version)
        trial_id = f"{service}-{version.version}-{str(flow_run.id)[:8]}"
        claim_service(site, service, plan, trial_id)
    except GreenrampError as error:
        return Failed(name="Refused", message=str(error))
    with holding(site.home, service, trial_id, plan.lease_seconds):
        try:
            before = observe(site, service, plan, trial_id, version)
        except GreenrampError as error:  # the claim ends by itself; what a dead release left is not forgotten
            return Failed(name="Refused", message=str(error))
        if why := not_comparable(before, version.version, service):
            let_go(site, service, trial_id)
            return Failed(name="Refused", message=why)
        way, said, well = Way(site, service, plan, version, before, trial_id, findings), "", False
        try:
            environment = way.provide()
            found = way.shadow(environment)
            found.require()
            said, well = found.headline, True
        except BaseException as error:
            said = way.reason(error)
            if not isinstance(error, GreenrampError):
                raise
        finally:
            get_run_logger().info("putting everything away: %s", said)
            failures = each_tried(
                [
                    lambda: put_back_traffic(site, service, trial_id, before),
                    lambda: put_back_environment(site, service, plan, before.idle, trial_id),
                    lambda: close_trial_record(site, way.record, trial_id, said, well=well),
                ]
            )
            if failures:
                raise PutBackFailed(
                    f"not all is put away: {'; '.join(failures)}; finish with: greenramp rollback {service}"
                )
            let_go(site, service, trial_id)
    return Completed(name="Shadowed", message=said) if well else Failed(name="ShadowFailed", message=said)


def not_comparable(before: Before, version: str, service: str) -> str:
    """Why there are no two versions to compare; empty when there are."""
    if before.live is None:
        return f"{service} serves no version yet, so there is nothing to compare with; release one first"
    if before.live_version == version:
        return f"version {version} is the one that serves {service}; compare another one with it"
    return ""
