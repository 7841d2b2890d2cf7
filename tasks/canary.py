"""Watch one step: read the evidence, ask the gates, until each has decided or time is up."""

from __future__ import annotations

import time

from prefect import get_run_logger, task

from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import EvidenceSources, marks
from greenramp.clients.journal import Journal
from greenramp.config import Service, Steps
from greenramp.counting import Counting
from greenramp.errors import Fenced, NoEvidence
from greenramp.rules import judge_all
from greenramp.site.settings import SiteSettings
from greenramp.split import Side
from greenramp.verdict import Distrust, Outcome, Verdict, worst
from tasks.policy import ONCE, STEP

_LOOK_SECONDS = 0.25
_TELL_SECONDS = 5.0


@task(**ONCE, task_run_name="mark where the evidence begins")
def take_marks(site: SiteSettings, service: str) -> dict[str, list[int]]:
    """Where the logs end now; all evidence of this release lies behind that."""
    return marks(site.home, service)


@task(**STEP, task_run_name="watch: {where}")
def watch(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    side: Side,
    since: dict[str, list[int]],
    generation: int,
    where: str,
    steps: Steps,
) -> tuple[Verdict, ...]:
    """Look until every gate passes (after the step's shortest time), one fails, or the deadline comes.

    Evidence is read anew from `since` on, so a repeated watch comes to the same numbers. Raises NoEvidence at the
    deadline, and before it when a source is silent or its numbers stay invalid; Fenced when the service belongs to
    somebody else.
    """
    counting = Counting(plan.gates, side, generation, plan.step.min_seconds)
    sources = EvidenceSources(site.home, service, since)
    journal, logger = Journal(site.home, release), get_run_logger()
    started = time.monotonic()
    told: tuple[float, tuple[Outcome, ...]] = (float("-inf"), ())
    recorded = float("-inf")
    distrust = Distrust(max(gate.grace_seconds for gate in plan.gates))
    while True:
        _require_owner(site, service, release)  # a verdict on a service that somebody took over decides nothing
        sources.feed(counting)
        verdicts = judge_all(plan, counting)
        elapsed, outcomes = time.monotonic() - started, tuple(v.outcome for v in verdicts)
        decided = Outcome.FAIL in outcomes or (elapsed >= steps.min_seconds and worst(verdicts) is Outcome.PASS)
        tell = decided or outcomes != told[1] or elapsed - told[0] >= _TELL_SECONDS
        if tell or elapsed - recorded >= max(1.0, elapsed / 60):  # densely at first, then ever more rarely
            recorded = elapsed
            _record(journal, where, elapsed, verdicts)
        if tell:
            told = (elapsed, outcomes)
            logger.info("%s after %.0f s: %s", where, elapsed, _in_short(verdicts, steps.min_seconds - elapsed))
        if decided:
            if sources.gaps:
                logger.warning("%d parts of the logs were gone before they were read", sources.gaps)
            return verdicts
        distrust.refuse(verdicts, elapsed, where)
        if elapsed >= steps.deadline_seconds:
            waiting = "; ".join(str(v) for v in verdicts if v.outcome is not Outcome.PASS)
            raise NoEvidence(f"{where}: not decided after {steps.deadline_seconds:g} s: {waiting}")
        time.sleep(_LOOK_SECONDS)


def _require_owner(site: SiteSettings, service: str, release: str) -> None:
    route = Router(site.home).read(service)
    if route.owner != release:
        raise Fenced(f"{service} was taken over by {route.owner or 'nobody'} while {release} was watching")
    if not route.held(time.time()):
        raise Fenced(f"{service}: the lease of {release} has ended; Envoy sends all traffic to {route.live}")


def _record(journal: Journal, where: str, elapsed: float, verdicts: tuple[Verdict, ...]) -> None:
    journal.add(
        "verdicts",
        where=where,
        seconds=round(elapsed, 1),
        verdicts=[
            {"gate": v.gate, "outcome": v.outcome.value, "sentence": v.sentence, "numbers": dict(v.numbers)}
            for v in verdicts
        ],
    )


def _in_short(verdicts: tuple[Verdict, ...], seconds_left: float) -> str:
    """One line for people who watch: what failed, else what is waited for."""
    failed = [str(v) for v in verdicts if v.outcome is Outcome.FAIL]
    if failed:
        return "; ".join(failed)
    doubted = [str(v) for v in verdicts if v.outcome in (Outcome.INVALID, Outcome.UNAVAILABLE)]
    if doubted:
        return "; ".join(doubted)
    waiting = [
        f"{v.gate} ({v.numbers.get('this_step', 0):g} seen in this step)"
        for v in verdicts
        if v.outcome is not Outcome.PASS
    ]
    if waiting:
        return "waiting for " + ", ".join(waiting)
    return "all gates pass" + (f", {seconds_left:.0f} s of the step left" if seconds_left > 0 else "")
