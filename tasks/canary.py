"""Watch one step: read the evidence, ask the gates, until each has decided or time is up."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import marks
from greenramp.clients.journal import Journal
from greenramp.clients.outside import polled_sources
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.clients.stepsuites import StepRows, StepSuites
from greenramp.config import Service, Steps
from greenramp.errors import NoEvidence
from greenramp.expectations import SuiteResult, markdown_of, table_of
from greenramp.rules import judge_all
from greenramp.site.settings import SiteSettings
from greenramp.split import Side
from greenramp.verdict import Distrust, Outcome, Verdict, worst
from tasks.policy import ONCE, STEP
from tasks.traffic import require_owner

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
    percent: float,
) -> tuple[Verdict, ...]:
    """Look until every gate passes (after the step's shortest time), one fails, or the deadline comes.

    A repeated watch goes on from what was kept, or reads all evidence anew from `since` on, and comes to the same
    numbers. Requests that come within `plan.step.settle_seconds` after a change of traffic count for errors alone.
    Raises NoEvidence at the deadline, and before it when a source is silent or its numbers stay invalid; Fenced when
    the service belongs to somebody else.
    """
    suites = StepSuites(plan, StepRows(site.home, service, side, since, generation, where))
    with polled_sources(plan, service, side, _versions(site, service, side)) as others:
        evidence = ReleaseEvidence(site.home, service, plan, release, side, since, generation, others)
        return _look_until_decided(site, service, plan, release, evidence, suites, where, steps, percent)


def _look_until_decided(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    evidence: ReleaseEvidence,
    suites: StepSuites,
    where: str,
    steps: Steps,
    percent: float,
) -> tuple[Verdict, ...]:
    journal, logger = Journal(site.home, release), get_run_logger()
    started = time.monotonic()
    told: tuple[float, tuple[Outcome, ...]] = (float("-inf"), ())
    recorded = float("-inf")
    distrust = Distrust(max(gate.grace_seconds for gate in plan.measured))
    while True:
        require_owner(site, service, release)  # a verdict on a service that somebody took over decides nothing
        evidence.read()
        verdicts = judge_all(plan, evidence.counting, percent)
        long_enough = time.monotonic() - started >= steps.min_seconds
        at_end = long_enough and worst(verdicts) is Outcome.PASS
        verdicts += suites.look(time.monotonic(), at_end=at_end)
        elapsed, outcomes = time.monotonic() - started, tuple(v.outcome for v in verdicts)
        decided = Outcome.FAIL in outcomes or (long_enough and worst(verdicts) is Outcome.PASS)
        tell = decided or outcomes != told[1] or elapsed - told[0] >= _TELL_SECONDS
        if tell or elapsed - recorded >= max(1.0, elapsed / 60):  # densely at first, then ever more rarely
            recorded = elapsed
            _record(journal, where, elapsed, verdicts)
        _show(journal, service, where, suites.take_results())
        for note in evidence.sources.take_notes():
            logger.warning("%s", note)
            journal.add("source", where=where, note=note)
        if tell:
            told = (elapsed, outcomes)
            logger.info("%s after %.0f s: %s", where, elapsed, _in_short(verdicts, steps.min_seconds - elapsed))
            evidence.save(surely=decided)
        if decided:
            if gaps := evidence.sources.gaps:
                logger.warning("%d parts of the logs were gone before they were read", gaps)
            return verdicts
        distrust.refuse(verdicts, elapsed, where)
        if elapsed >= steps.deadline_seconds:
            waiting = "; ".join(str(v) for v in verdicts if v.outcome is not Outcome.PASS)
            raise NoEvidence(f"{where}: not decided after {steps.deadline_seconds:g} s: {waiting}")
        time.sleep(_LOOK_SECONDS)


def _versions(site: SiteSettings, service: str, side: Side) -> tuple[int, int]:
    """Which versions the candidate's side and the other one serve; 0 for none."""
    upstreams = (Router(site.home).upstream(service, one) for one in (side, side.other))
    candidate, champion = (int(upstream.version) if upstream else 0 for upstream in upstreams)
    return candidate, champion


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


def _show(journal: Journal, service: str, where: str, results: Mapping[str, SuiteResult]) -> None:
    """All that suites found: as tables of the run, and in the journal, from which they come into the record."""
    for gate, found in results.items():
        create_table_artifact(table_of(found), key=f"expectations-{service}-{gate}", description=f"{gate} at {where}")
        journal.add("expectations", where=where, gate=gate, suite=found.suite, rows=found.rows, text=markdown_of(found))


def _in_short(verdicts: tuple[Verdict, ...], seconds_left: float) -> str:
    """One line for people who watch: what failed, else what is waited for."""
    failed = [str(v) for v in verdicts if v.outcome is Outcome.FAIL]
    if failed:
        return "; ".join(failed)
    doubted = [str(v) for v in verdicts if v.outcome in (Outcome.INVALID, Outcome.UNAVAILABLE)]
    if doubted:
        return "; ".join(doubted)
    waiting = [
        f"{v.gate} ({v.numbers['this_step']:g} seen in this step)" if "this_step" in v.numbers else v.gate
        for v in verdicts
        if v.outcome is not Outcome.PASS
    ]
    if waiting:
        return "waiting for " + ", ".join(waiting)
    return "all gates pass" + (f", {seconds_left:.0f} s of the step left" if seconds_left > 0 else "")
