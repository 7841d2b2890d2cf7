"""A release's steps in order, and from anywhere on them the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prefect import get_run_logger

from greenramp.clients.orderbook import Steering
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.clients.shadowrun import Shadowed
from greenramp.config import PROMOTION, SHADOW, Service, Steps, place_of
from greenramp.errors import Fenced, PutBackFailed
from greenramp.news import Kind
from greenramp.phases import Event, Phase, advance
from greenramp.plan import Before, Candidate, Exposure
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
from tasks.rollback import put_back_environment, put_back_registry, put_back_traffic
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
        self.record: ReleaseRecord | None = None
        self.steering = Steering(site.home, release_id, get_run_logger().warning)

    def forward(self) -> None:
        """Every step in order; whatever it raises, `back` puts right."""
        environment = self.provide()
        if self.before.live and self.plan.shadow.enabled:
            self.clear(SHADOW, Exposure(self.before.idle))
            self.shadow(environment).require()
            self.note(Event.SHADOW_PASSED, 0)
        self.bring_to_users()

    def provide(self) -> RunningEnvironment:
        """The candidate's environment, started and smoke-tested; nobody meets it yet."""
        site, service, plan, idle = self.site, self.service, self.plan, self.before.idle
        self.record = open_release_record(
            site, service, plan, self.version, self.before, self.release_id, self.findings
        )
        shares = ", ".join(f"{percent:g}" for percent in plan.ladder)
        self.tell(Kind.STARTED, f"it goes to users at {shares} %, in the place of {self.before.live_version or 'none'}")
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
        since, met = take_marks(site, service), Exposure(idle)
        for percent in plan.ladder if self.before.live else ():
            self.clear(place_of(percent), met)
            generation = set_share(site, service, self.release_id, percent)
            self.note(Event.SHARE_RAISED, percent)
            see_served(site, service, self.release_id, idle, percent, generation)
            self.require_gates(since, generation, f"{percent:g} %", plan.step, percent)
            met = Exposure(idle, percent, generation, since)
        self.clear("the switch" if self.before.live else PROMOTION, met)
        generation = switch_live(site, service, self.release_id, idle)
        self.note(Event.TRAFFIC_SWITCHED, 100)
        if self.before.live:
            see_served(site, service, self.release_id, idle, 100, generation)
        promote(site, service, plan, self.version, self.before, self.release_id, reason="all gates passed")
        self.note(Event.REGISTRY_MOVED, 100)
        if self.before.live:
            self.require_gates(since, generation, "bake", plan.bake, 100)
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
            let_go(site, service, release_id)
        left = f"; left to the next release or rollback: {'; '.join(failures)}" if failures else ""
        self.tell(Kind.PROMOTED, said + left)
        return left

    def back(self, error: BaseException) -> None:
        """Traffic, registry, environment, record, in this order; each is tried whatever became of the others."""
        site, service, plan, release_id = self.site, self.service, self.plan, self.release_id
        reason, told_to_end = self.reason(error), not isinstance(error, Exception)
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
            steps.append(lambda: tag_people(site, plan, self.version, self.record, release_id))
            steps.append(lambda: close_release_record(site, plan, self.record, release_id, ended, reason))
        failures += each_tried(steps)
        if failures:  # the claim is left standing: the next release or rollback finds it and finishes
            failed = PutBackFailed(
                f"not all is back as it was: {'; '.join(failures)}; once that is cured, finish with: "
                f"greenramp rollback {service} (why it went back: {reason})"
            )
            self.tell(Kind.PUT_BACK_FAILED, str(failed), last=told_to_end)
            raise failed from error
        let_go(site, service, release_id)
        if not fenced:  # else whoever took over tells it
            self.tell(Kind.ROLLED_BACK, reason, last=told_to_end)

    def require_gates(
        self, since: dict[str, list[int]], generation: int, where: str, steps: Steps, percent: float
    ) -> None:
        """Watch one step, record what the gates said, and go on only if all of them, or a person, let it."""
        site, service, release_id, idle = self.site, self.service, self.release_id, self.before.idle
        watched = watch(site, service, self.plan, release_id, idle, since, generation, where, steps, percent)
        watched.require()
        record_phase(site, self.record, release_id, self.phase, percent)

    def note(self, event: Event, percent: float) -> None:
        """Record that the release came this far, and go on unless somebody has aborted it."""
        self.phase = advance(self.phase, event)
        record_phase(self.site, self.record, self.release_id, self.phase, percent)
        self.steering.look()

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


def each_tried(steps: Iterable[Callable[[], object]]) -> list[str]:
    """Take every step, whatever becomes of the others; returns what went wrong."""
    failures = []
    for step in steps:
        try:
            step()
        except Exception as failure:  # noqa: BLE001  (the next step must be tried all the same)
            failures.append(str(failure))
    return failures
