"""Bring a model version to all traffic, step by step, or leave everything as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prefect import flow, get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from greenramp.clients.envoy.lease import holding
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.clients.shadowrun import Shadowed
from greenramp.config import Service, Steps
from greenramp.errors import Fenced, GreenrampError, PutBackFailed
from greenramp.phases import Event, Phase, advance
from greenramp.plan import Before, Candidate
from greenramp.preflight import Finding
from greenramp.providers.base import RunningEnvironment
from greenramp.site.settings import SiteSettings, this_site
from greenramp.verdict import require
from tasks.canary import take_marks, watch
from tasks.environment import await_ready, retire_environment, start_environment, warm_up
from tasks.preflight import preflight
from tasks.promotion import promote
from tasks.registration import pin_plan, resolve_candidate
from tasks.report import close_release_record, open_release_record, record_phase
from tasks.rollback import put_back_environment, put_back_registry, put_back_traffic
from tasks.shadow import copy_traffic, report_shadow, watch_shadow
from tasks.smoke import smoke_test
from tasks.traffic import claim_service, let_go, observe, see_served, set_share, settle_traffic, switch_live


@flow(name="release", flow_run_name="{service}: {candidate}")
def release(service: str, candidate: str = "challenger") -> State:
    """Release a version of a service's model: provision, smoke test, shadow, canary, promotion, bake.

    Args:
        service: The service, as its file in configs/services/ is called.
        candidate: Version number, alias, stage, models:/ address, or runs:/ address of a model to register.
    """
    site = this_site()
    try:
        plan = pin_plan(site, service)
        version = resolve_candidate(site, service, plan, candidate)
        findings = preflight(site, service, plan, version)
        release_id = f"{service}-{version.version}-{str(flow_run.id)[:8]}"
        claim_service(site, service, plan, release_id)
    except GreenrampError as error:
        return Failed(name="Refused", message=str(error))
    with holding(site.home, service, release_id, plan.lease_seconds):
        try:
            before = observe(site, service, plan, release_id, version)
        except GreenrampError as error:  # the claim ends by itself; what a dead release left is not forgotten
            return Failed(name="Refused", message=str(error))
        if before.live_version == version.version:
            retire_environment(site, service, plan, before.idle)  # a dead release may have left one
            let_go(site, service, release_id)
            return Completed(name="AlreadyServing", message=f"{version} serves already")
        way = Way(site, service, plan, version, before, release_id, findings)
        try:
            way.forward()
        except BaseException as error:
            way.back(error)
            if isinstance(error, GreenrampError):
                return Failed(name="RolledBack", message=way.reason(error))
            raise
        left_to_do = way.finish()
    return Completed(name="Promoted", message=f"{version} is champion of {service}{left_to_do}")


class Way:
    """One release's way there, and from anywhere on it the way back."""

    def __init__(
        self,
        site: SiteSettings,
        service: str,
        plan: Service,
        version: Candidate,
        before: Before,
        release_id: str,
        findings: tuple[Finding, ...],
    ) -> None:
        self.site, self.service, self.plan = site, service, plan
        self.version, self.before, self.release_id = version, before, release_id
        self.findings = findings
        self.phase = Phase.REGISTERED
        self.record: ReleaseRecord | None = None

    def forward(self) -> None:
        """Every step in order; whatever it raises, `back` puts right."""
        environment = self.provide()
        if self.before.live and self.plan.shadow.enabled:
            self.shadow(environment).require()
            self.note(Event.SHADOW_PASSED, 0)
        self.bring_to_users()

    def provide(self) -> RunningEnvironment:
        """The candidate's environment, started and smoke-tested; nobody meets it yet."""
        site, service, plan, idle = self.site, self.service, self.plan, self.before.idle
        self.record = open_release_record(
            site, service, plan, self.version, self.before, self.release_id, self.findings
        )
        environment = start_environment(site, service, plan, idle, self.version, self.release_id)
        ready_seconds = await_ready(site, plan, environment)
        warm_up(site, environment, self.version)
        self.note(Event.ENVIRONMENT_READY, 0)
        require(smoke_test(site, plan, environment, self.version, ready_seconds), where="smoke test")
        self.note(Event.SMOKE_PASSED, 0)
        return environment

    def shadow(self, environment: RunningEnvironment) -> Shadowed:
        """Compare both versions' answers to the same requests; the candidate's reach nobody."""
        site, service, plan, release_id, live = self.site, self.service, self.plan, self.release_id, self.before.live
        since = take_marks(site, service)
        begun = copy_traffic(site, service, plan, release_id)
        found = watch_shadow(site, service, plan, release_id, environment, live, since, begun)
        report_shadow(site, plan, self.record, release_id, found)
        return found

    def bring_to_users(self) -> None:
        """The ladder, the switch, the registry, the bake."""
        site, service, plan, idle = self.site, self.service, self.plan, self.before.idle
        since = take_marks(site, service)
        for percent in plan.ladder if self.before.live else ():
            generation = set_share(site, service, self.release_id, percent)
            self.note(Event.SHARE_RAISED, percent)
            see_served(site, service, self.release_id, idle, percent, generation)
            self.require_gates(since, generation, f"{percent:g} %", plan.step, percent)
        generation = switch_live(site, service, self.release_id, idle)
        self.note(Event.TRAFFIC_SWITCHED, 100)
        if self.before.live:
            see_served(site, service, self.release_id, idle, 100, generation)
        promote(site, service, plan, self.version, self.before, self.release_id, reason="all gates passed")
        self.note(Event.REGISTRY_MOVED, 100)
        if self.before.live:
            self.require_gates(since, generation, "bake", plan.bake, 100)
        self.phase = advance(self.phase, Event.BAKED)

    def finish(self) -> str:
        """Stop the old environment and close the record; the new version stays, whatever fails here."""
        site, service, release_id = self.site, self.service, self.release_id
        steps: list[Callable[[], object]] = []
        if self.before.live:
            steps.append(lambda: settle_traffic(site, service, release_id))
            steps.append(lambda: retire_environment(site, service, self.plan, self.before.live))
        said = f"{self.version} is champion"
        steps.append(lambda: close_release_record(site, self.record, release_id, self.phase, said))
        failures = each_tried(steps)
        if not failures:
            let_go(site, service, release_id)
            return ""
        get_run_logger().warning("left to the next release or rollback: %s", "; ".join(failures))
        return f"; left to the next release or rollback: {'; '.join(failures)}"

    def back(self, error: BaseException) -> None:
        """Traffic, registry, environment, record, in this order; each is tried whatever became of the others."""
        site, service, plan, release_id = self.site, self.service, self.plan, self.release_id
        reason = self.reason(error)
        get_run_logger().error("putting back: %s", reason)
        failures: list[str] = []
        fenced = False
        try:
            put_back_traffic(site, service, release_id, self.before)
        except Fenced:
            fenced = True  # somebody else has taken over: traffic and registry are theirs
        except Exception as failure:  # noqa: BLE001  (the registry is put back all the same)
            failures.append(f"traffic is not confirmed: {failure}")
        steps: list[Callable[[], object]] = []
        if not fenced:
            moved = self.phase in (Phase.SWITCHED, Phase.PROMOTED)
            steps.append(
                lambda: put_back_registry(site, plan, self.version, self.before, release_id, reason, moved=moved)
            )
        if not failures:  # never stop what may still have traffic
            steps.append(lambda: put_back_environment(site, service, plan, self.before.idle, release_id))
        if self.record is not None:
            ended = advance(self.phase, Event.PUT_BACK)
            steps.append(lambda: close_release_record(site, self.record, release_id, ended, reason))
        failures += each_tried(steps)
        if failures:  # the claim is left standing: the next release or rollback finds it and finishes
            raise PutBackFailed(
                f"not all is back as it was: {'; '.join(failures)}; once that is cured, finish with: "
                f"greenramp rollback {service} (why it went back: {reason})"
            ) from error
        let_go(site, service, release_id)

    def require_gates(
        self, since: dict[str, list[int]], generation: int, where: str, steps: Steps, percent: float
    ) -> None:
        """Watch one step, record what the gates said, and go on only if all of them pass."""
        verdicts = watch(
            self.site,
            self.service,
            self.plan,
            self.release_id,
            self.before.idle,
            since,
            generation,
            where,
            steps,
            percent,
        )
        require(verdicts, where)
        record_phase(self.site, self.record, self.release_id, self.phase, percent, verdicts)

    def note(self, event: Event, percent: float) -> None:
        """Record that the release came this far."""
        self.phase = advance(self.phase, event)
        record_phase(self.site, self.record, self.release_id, self.phase, percent, ())

    def reason(self, error: BaseException) -> str:
        """Why it went back, in one sentence."""
        if not isinstance(error, Exception):  # Prefect's word for SIGTERM, or Ctrl-C
            return "the run was cancelled, or its process was told to end"
        return str(error) or type(error).__name__


def each_tried(steps: Iterable[Callable[[], object]]) -> list[str]:
    """Take every step, whatever becomes of the others; returns what went wrong."""
    failures = []
    for step in steps:
        try:
            step()
        except Exception as failure:  # noqa: BLE001  (the next step must be tried all the same)
            failures.append(str(failure))
    return failures
