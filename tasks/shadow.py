"""Copies of live requests to the candidate: started, watched pair by pair, ended, reported."""

from __future__ import annotations

import json
import math
import time
from contextlib import nullcontext
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import Steering
from greenramp.clients.recordedinputs import recorded_payloads
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.clients.replay import Replaying
from greenramp.clients.shadowkept import KeptShadow
from greenramp.clients.shadowlogs import ShadowLogs
from greenramp.clients.shadowrun import Shadowed, ShadowRun
from greenramp.config import Service
from greenramp.errors import Unreachable
from greenramp.providers.base import RunningEnvironment
from greenramp.shadow.shown import as_markdown, kept_report, kept_rows
from greenramp.site.environments import provider_of
from greenramp.site.settings import SiteSettings
from greenramp.suites.expectations import markdown_of, table_of
from greenramp.traffic.route import copy
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict
from tasks.policy import ONCE, STEP
from tasks.traffic import require_owner

_LOOK_SECONDS = 0.5
_TELL_SECONDS = 5.0
_LAST_LINES_SECONDS = 0.5  # prediction logs are written ten times a second
STEP_NAME = "shadow"


@task(**STEP, task_run_name="copy {plan.shadow.percent:g} % of the requests")
def copy_traffic(site: SiteSettings, service: str, plan: Service, release: str) -> float:
    """Send the candidate copies; their answers reach nobody. Returns the time from which on. Safe to repeat."""
    shadow, router = plan.shadow, Router(site.home)
    KeptShadow(site.home, service, router.read(service).idle, release).begin()
    route = router.change(
        service, lambda r: copy(r, release, time.time(), shadow.percent, shadow.max_body_kb, STEP_NAME)
    )
    Journal(site.home, release).add("copies begun", percent=shadow.percent, generation=route.generation)
    return time.time()


@task(**STEP, task_run_name="compare answers to the same requests")
def watch_shadow(
    site: SiteSettings,
    service: str,
    plan: Service,
    release: str,
    environment: RunningEnvironment,
    live: Side,
    since: dict[str, list[int]],
    begun: float,
) -> Shadowed:
    """Compare until every rule passes (after the step's shortest time), one fails, or the deadline comes; then end it.

    All is read anew from `since` on, so a repeated watch comes to the same numbers; one that had decided goes on from
    there. A shadow that gets no traffic, or whose pairs are incomplete, is told by its verdict, and ends the watch. The
    candidate gets no more copies after it.
    """
    kept = KeptShadow(site.home, service, live.other, release)
    run = ShadowRun(plan, ShadowLogs(site.home, service, live, since, begun), kept.copied)
    if kept.until == math.inf:
        with _replaying(site, service, plan, release, environment, live):
            decided = _look_until_decided(site, service, release, run)
        kept.end(time.time(), decided)  # first: whatever fails from here on, later requests may have no copies
    Router(site.home).change(service, lambda r: copy(r, release, time.time(), 0.0, r.mirror_max_kb, STEP_NAME))
    Journal(site.home, release).add("copies ended")
    time.sleep(_LAST_LINES_SECONDS)
    found = run.finished(kept.decided, kept.until)
    if run.missing:
        get_run_logger().warning("%s", run.missing)
    return found


def _look_until_decided(site: SiteSettings, service: str, release: str, run: ShadowRun) -> tuple[Verdict, ...]:
    logger, started, told = get_run_logger(), time.monotonic(), (float("-inf"), "")
    steering = Steering(site.home, release, logger.warning)
    while True:
        require_owner(site, service, release)
        steering.look()  # raises once a person has aborted the release; nothing else can be ordered of a shadow
        verdicts, elapsed = run.look(), time.monotonic() - started
        ended, said = run.ends(verdicts, elapsed), _in_short(verdicts)
        if ended or (said != told[1] and elapsed - told[0] >= 1) or elapsed - told[0] >= _TELL_SECONDS:
            told = (elapsed, said)
            logger.info("shadow after %.0f s: %s", elapsed, said)
        if ended:
            return run.failed or verdicts
        time.sleep(_LOOK_SECONDS)


@task(**ONCE, timeout_seconds=120, task_run_name="report of the shadow")
def report_shadow(site: SiteSettings, plan: Service, record: ReleaseRecord, release: str, found: Shadowed) -> None:
    """Pictures, all numbers and the worst examples into the release record; the findings onto the run's page.

    With MLflow away the page alone has them.
    """
    from greenramp.clients.reportpage import png_of
    from greenramp.clients.shadowplots import shadow_figure

    report, verdicts = kept_report(plan.shadow, found.report), found.verdicts
    Journal(site.home, release).add("shadow", headline=found.headline, pairs=report["pairs"]["pairs"])
    rows = [{"rule": v.gate, "verdict": v.outcome.value, "why": v.sentence} for v in verdicts]
    create_table_artifact(rows, key=f"shadow-rules-{release}", description=found.headline)
    create_markdown_artifact(as_markdown(report, record.page), key=f"shadow-{release}")
    if found.suite:
        create_table_artifact(
            table_of(found.suite), key=f"shadow-expectations-{release}", description=found.suite.suite
        )
    pairs = "".join(json.dumps(row) + "\n" for row in kept_rows(plan.shadow, found.rows))
    values = {f"{v.gate}/{name}": value for v in verdicts for name, value in v.numbers.items()}
    try:
        record.metrics(values)
        record.tag({"greenramp.shadow": found.headline})
        record.text("shadow/report.json", json.dumps(report, indent=1))
        record.file("shadow/shadow.png", png_of(shadow_figure(report, f"Shadow of {release}")))
        if pairs:
            record.text("shadow/pairs.jsonl", pairs)
        if found.suite:
            record.text("shadow/expectations.md", markdown_of(found.suite))
    except Unreachable as error:
        get_run_logger().warning("the record of the shadow waits for MLflow: %s", error)


def _replaying(
    site: SiteSettings, service: str, plan: Service, release: str, environment: RunningEnvironment, live: Side
) -> Any:
    replay = plan.shadow.replay
    champion = provider_of(site).read(service, live)
    if replay is None or champion is None:
        return nullcontext()
    payloads = recorded_payloads(site.home, service, replay.requests)
    if not payloads:
        get_run_logger().warning("nothing to replay: no inputs were logged; set environment.log_inputs")
    sides = [champion.addresses, environment.addresses]
    return Replaying(release, payloads, sides, replay.per_second, plan.traffic.timeout_seconds)


def _in_short(verdicts: tuple[Verdict, ...]) -> str:
    """One line for people who watch: the worst, else what is waited for."""
    bad = [v for v in verdicts if v.outcome in (Outcome.FAIL, Outcome.UNAVAILABLE, Outcome.INVALID)]
    waiting = [v for v in verdicts if v.outcome is Outcome.UNSURE]
    return str((bad or waiting or verdicts)[0]) + (
        f" (and {len(bad or waiting) - 1} more)" if len(bad or waiting) > 1 else ""
    )
