"""A release's steps in order, and from anywhere on them the way back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from prefect import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from flows.way_back import each_tried, go_back
from greenramp.clients.orderbook import Steering
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.clients.shadowrun import Shadowed
from greenramp.clients.stops import forget_stop
from greenramp.config import PROMOTION, SHADOW, Service, Steps, place_of
from greenramp.errors import GreenrampError
from greenramp.lifecycle.phases import Event, Phase, advance
from greenramp.lifecycle.plan import Before, Candidate, Exposure
from greenramp.lifecycle.resuming import SWITCHED, Stop
from greenramp.news import Kind
from greenramp.preflight import Finding
from greenramp.providers.base import RunningEnvironment
from greenramp.site.settings import SiteSettings
from greenramp.verdict import require
from tasks.approval import await_approval, hold, tag_people
from tasks.canary import take_marks, watch
from tasks.environment import await_ready, retire_environment, start_environment, warm_up
from tasks.freeze import Freezes
from tasks.notify import announce, see_told
from tasks.promotion import promote
from tasks.report import close_release_record, open_release_record, record_phase
from tasks.resuming import is_planned_stop, keep_where_it_is, require_registry_as_left
from tasks.rollback import put_back_traffic
from tasks.shadow import copy_traffic, report_shadow, watch_shadow
from tasks.smoke import smoke_test
from tasks.traffic import let_go, see_served, set_share, settle_traffic, switch_live


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
        self.met = Exposure(before.idle)
        self.record: ReleaseRecord | None = None
        self.steering = Steering(site.home, release_id, get_run_logger().warning)

    def travel(self, steps: Callable[[], None]) -> State:
        """Take these steps and finish, or go all the way back; how it came out."""
        try:
            steps()
        except BaseException as error:
            if is_planned_stop(self.site, self.release_id, error):
                self.stand()
                raise
            self.back(error)
            if isinstance(error, GreenrampError):
                return Failed(name="RolledBack", message=self.reason(error))
            raise
        left_to_do = self.finish()
        return Completed(name="Promoted", message=f"{self.version} is champion of {self.service}{left_to_do}")

    def forward(self) -> None:
        """Every step in order; whatever it raises, `back` puts right."""
        environment = self.provide()
        self.shadow_first(environment)
        self.bring_to_users()

    def go_on(self, stop: Stop) -> None:
        """The steps that were left when the release was stopped; of a canary the step it was in, from its start."""
        self.phase, self.met = stop.phase, stop.met
        self.record = ReleaseRecord(self.site.mlflow_url, *stop.record)
        self.tell(Kind.RESUMED, f"it goes on at: {self.phase.value}", about=str(flow_run.id))
        require_registry_as_left(self.site, stop)
        if self.phase in SWITCHED:
            self.prove()
            return
        environment, _ = self.start()
        if self.phase is Phase.SMOKED:
            self.shadow_first(environment)
        self.bring_to_users()

    def provide(self) -> RunningEnvironment:
        """The candidate's environment, started and smoke-tested; nobody meets it yet."""
        site, service, plan = self.site, self.service, self.plan
        self.record = open_release_record(
            site, service, plan, self.version, self.before, self.release_id, self.findings
        )
        shares = ", ".join(f"{percent:g}" for percent in plan.ladder)
        self.tell(Kind.STARTED, f"it goes to users at {shares} %, in the place of {self.before.live_version or 'none'}")
        environment, ready_seconds = self.start()
        self.note(Event.ENVIRONMENT_READY, 0)
        require(smoke_test(site, plan, environment, self.version, ready_seconds), where="smoke test")
        self.note(Event.SMOKE_PASSED, 0)
        return environment

    def start(self) -> tuple[RunningEnvironment, float]:
        """The candidate's environment, warm and known to the router, and the seconds it took to answer."""
        site, service, plan, idle = self.site, self.service, self.plan, self.before.idle
        environment = start_environment(site, service, plan, idle, self.version, self.release_id)
        ready_seconds = await_ready(site, plan, environment)
        warm_up(site, environment, self.version)
        return environment, ready_seconds

    def shadow_first(self, environment: RunningEnvironment) -> None:
        """The shadow test, where the service has one and a version to compare with."""
        if self.before.live and self.plan.shadow.enabled:
            self.clear(SHADOW, self.met)
            self.shadow(environment).require()
            self.note(Event.SHADOW_PASSED, 0)

    def shadow(self, environment: RunningEnvironment) -> Shadowed:
        """Compare both versions' answers to the same requests; the candidate's reach nobody."""
        site, service, plan, release_id, live = self.site, self.service, self.plan, self.release_id, self.before.live
        since = take_marks(site, service)
        begun = copy_traffic(site, service, plan, release_id)
        found = watch_shadow(site, service, plan, release_id, environment, live, since, begun)
        report_shadow(site, plan, self.record, release_id, found)
        return found

    def bring_to_users(self) -> None:
        """The ladder, from the step it had come to, then the switch, the registry, the bake."""
        site, service, plan, idle, again = self.site, self.service, self.plan, self.before.idle, self.met.percent
        since = self.met.since or take_marks(site, service)
        for percent in plan.ladder if self.before.live else ():
            if percent < again:
                continue
            if percent > again:  # else it had been cleared before the stop
                self.clear(place_of(percent), self.met)
            generation = set_share(site, service, self.release_id, percent)
            self.met = Exposure(idle, percent, generation, since)
            self.note(Event.SHARE_RAISED, percent)
            see_served(site, service, self.release_id, idle, percent, generation)
            self.require_gates(f"{percent:g} %", plan.step)
        self.clear("the switch" if self.before.live else PROMOTION, self.met)
        self.met = Exposure(idle, 100, switch_live(site, service, self.release_id, idle), since)
        self.note(Event.TRAFFIC_SWITCHED, 100)
        self.prove()

    def prove(self) -> None:
        """The candidate has all traffic: it becomes champion, and the gates judge on with the old one behind it."""
        site, service, plan, release_id = self.site, self.service, self.plan, self.release_id
        if self.phase is Phase.SWITCHED:
            if self.before.live:
                see_served(site, service, release_id, self.met.side, 100, self.met.generation)
            promote(site, service, plan, self.version, self.before, release_id, reason="all gates passed")
            self.note(Event.REGISTRY_MOVED, 100)
        if self.before.live:
            self.require_gates("bake", plan.bake)
        self.phase = advance(self.phase, Event.BAKED)

    def clear(self, place: str, met: Exposure) -> None:
        """Go on to `place` once nothing holds the release, and who has to approve has; met: by users, until now."""
        site, service, plan, release_id = self.site, self.service, self.plan, self.release_id
        if approval := plan.approval_at(place):
            ask = f"may it go on to {place}? Answer on the run's page, or with: greenramp approve {service}"
            self.tell(Kind.WAITING, ask, about=place)
            await_approval(site, service, plan, release_id, met, self.version, approval)
            tag_people(site, plan, self.version, self.record, release_id)
        if self.steering.look().paused or Freezes(site, service, plan, release_id).now():
            hold(site, service, plan, release_id, met, place)

    def finish(self) -> str:
        """Stop the old environment and close the record; the new version stays, whatever fails here."""
        site, service, release_id = self.site, self.service, self.release_id
        steps: list[Callable[[], object]] = []
        if self.before.live:
            steps.append(lambda: settle_traffic(site, service, release_id))
            steps.append(lambda: retire_environment(site, service, self.plan, self.before.live))
        said = f"{self.version} is champion"
        steps.append(lambda: tag_people(site, self.plan, self.version, self.record, release_id))
        steps.append(lambda: close_release_record(site, self.plan, self.record, release_id, self.phase, said))
        failures = each_tried(steps)
        if failures:
            get_run_logger().warning("left to the next release or rollback: %s", "; ".join(failures))
        else:
            forget_stop(site.home, release_id)
            let_go(site, service, release_id)
        left = f"; left to the next release or rollback: {'; '.join(failures)}" if failures else ""
        self.tell(Kind.PROMOTED, said + left)
        return left

    def back(self, error: BaseException) -> None:
        """Everything as it was before the release; whatever fails of that is left to the next order."""
        go_back(self, error)

    def require_gates(self, where: str, steps: Steps) -> None:
        """Watch one step, record what the gates said, and go on only if all of them, or a person, let it."""
        site, service, release_id, met = self.site, self.service, self.release_id, self.met
        watched = watch(
            site, service, self.plan, release_id, met.side, met.since, met.generation, where, steps, met.percent
        )
        watched.require()
        record_phase(site, self.record, release_id, self.phase, met.percent)

    def note(self, event: Event, percent: float) -> None:
        """Record that the release came this far, and go on unless somebody has aborted it."""
        self.phase = advance(self.phase, event)
        self.keep()
        record_phase(self.site, self.record, self.release_id, self.phase, percent)
        self.steering.look()

    def keep(self) -> None:
        """Keep where a new run can go on, should this one be stopped."""
        if self.record is not None:
            record = (self.record.run_id, self.record.experiment_id)
            parts = (self.release_id, self.phase, self.plan, self.version, self.before, self.met, record)
            keep_where_it_is(self.site, Stop(*parts))

    def stand(self) -> None:
        """The run ends, the release does not: a shared split ends at once, all else stays for the next run."""
        get_run_logger().warning("stopped at: %s; a new run will go on from there", self.phase.value)
        if self.phase not in SWITCHED:
            with suppress(GreenrampError):  # its lease ends it, too
                put_back_traffic(self.site, self.service, self.release_id, self.before)

    def tell(self, kind: Kind, sentence: str, about: str = "", *, last: bool = False) -> None:
        """Let people know; nothing waits for that, but what a process says last, which ends right after."""
        announce(
            self.site, kind, self.service, self.release_id, sentence,
            candidate=self.version, record=self.record, about=about,
        )  # fmt: skip
        if last:
            see_told(self.site)

    def reason(self, error: BaseException) -> str:
        """Why it went back, in one sentence."""
        if not isinstance(error, Exception):  # Prefect's word for SIGTERM, or Ctrl-C
            return "the run was cancelled, or its process was told to end"
        return str(error) or type(error).__name__
