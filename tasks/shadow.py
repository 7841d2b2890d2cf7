"""Copies of live requests to the candidate: started, watched pair by pair, ended, reported."""

from __future__ import annotations

import json
import math
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.recordedinputs import recorded_payloads
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.clients.replay import Replaying
from greenramp.clients.shadowlogs import ShadowLogs
from greenramp.config import Service, Shadow
from greenramp.errors import Fenced, GreenrampError, Unreachable
from greenramp.providers.base import RunningEnvironment
from greenramp.route import copy
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.configured import rules_of
from greenramp.site.settings import SiteSettings
from greenramp.split import Side
from greenramp.verdict import Outcome, Verdict, require, worst
from tasks.environment import provider_of
from tasks.policy import ONCE, STEP

_LOOK_SECONDS = 0.5
_TELL_SECONDS = 5.0
_LAST_LINES_SECONDS = 0.5  # prediction logs are written ten times a second
STEP_NAME = "shadow"


@dataclass(frozen=True)
class Shadowed:
    """What a shadow test found. report: all of it as plain data; rows: a sample of the pairs, as rows of a table."""

    verdicts: tuple[Verdict, ...]
    report: dict[str, Any]
    rows: list[dict[str, Any]]

    @property
    def headline(self) -> str:
        """What was found, in one sentence."""
        return str(self.report["headline"])

    def require(self) -> None:
        """Go on only if every rule passes; raises GateFailed or NoEvidence, with what was found first."""
        try:
            require(self.verdicts, where="shadow")
        except GreenrampError as error:
            raise type(error)(f"{self.headline}: {error}") from None


@task(**STEP, task_run_name="copy {plan.shadow.percent:g} % of the requests")
def copy_traffic(site: SiteSettings, service: str, plan: Service, release: str) -> float:
    """Send the candidate copies; their answers reach nobody. Returns the time from which on. Safe to repeat."""
    shadow = plan.shadow
    route = Router(site.home).change(
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

    All is read anew from `since` on, so a repeated watch comes to the same numbers. A shadow that gets no traffic, or
    whose pairs are incomplete, is told by its verdict, and ends the watch. The candidate gets no more copies after it.
    """
    shadow, logger = plan.shadow, get_run_logger()
    watched = _Watched(plan, ShadowLogs(site.home, service, live, since, begun))
    started, told = time.monotonic(), (float("-inf"), "")
    with _replaying(site, service, plan, release, environment, live):
        while True:
            _require_owner(site, service, release)
            verdicts, elapsed = watched.look(), time.monotonic() - started
            ended, said = _ends(shadow, verdicts, elapsed), _in_short(verdicts)
            if ended or (said != told[1] and elapsed - told[0] >= 1) or elapsed - told[0] >= _TELL_SECONDS:
                told = (elapsed, said)
                logger.info("shadow after %.0f s: %s", elapsed, said)
            if ended:
                break
            time.sleep(_LOOK_SECONDS)
    until = time.time()
    Router(site.home).change(service, lambda r: copy(r, release, time.time(), 0.0, r.mirror_max_kb, STEP_NAME))
    Journal(site.home, release).add("copies ended")
    time.sleep(_LAST_LINES_SECONDS)
    return watched.finished(verdicts, until)


class _Watched:
    """Both sides' logs, compared."""

    def __init__(self, plan: Service, logs: ShadowLogs) -> None:
        shadow = plan.shadow
        self._logs = logs
        columns = (*shadow.slices.headers, *shadow.slices.columns)
        self._comparison = ShadowComparison(rules_of(plan), columns, shadow.pair_timeout_seconds)

    def look(self, until: float = math.inf) -> tuple[Verdict, ...]:
        """Take in what is new; what each rule says of it."""
        news = self._logs.news(until)
        self._comparison.take(news.live, news.candidate, news.features, news.labels)
        return tuple(self._comparison.verdicts())

    def finished(self, decided: tuple[Verdict, ...], until: float) -> Shadowed:
        """Take in the last answers and give up what has no partner; of the verdicts only that on the pairs may change.

        The others hold from the look on that decided them; some pairs more would ask them a second time.
        """
        self.look(until)
        self._comparison.finish()
        pairs, *_ = self._comparison.verdicts()
        verdicts = tuple(pairs if verdict.gate == pairs.gate else verdict for verdict in decided)
        return Shadowed(verdicts, self._comparison.report(), self._comparison.rows())


def _ends(shadow: Shadow, verdicts: tuple[Verdict, ...], elapsed: float) -> bool:
    outcome = worst(verdicts)
    if outcome in (Outcome.FAIL, Outcome.UNAVAILABLE) or elapsed >= shadow.deadline_seconds:
        return True
    return outcome in (Outcome.PASS, Outcome.INVALID) and elapsed >= shadow.min_seconds


@task(**ONCE, timeout_seconds=120, task_run_name="report of the shadow")
def report_shadow(site: SiteSettings, plan: Service, record: ReleaseRecord, release: str, found: Shadowed) -> None:
    """Pictures, all numbers and the worst examples into the release record; the findings onto the run's page.

    With MLflow away the page alone has them.
    """
    from greenramp.clients.shadowplots import shadow_figure

    report, verdicts = _without_private(plan, found.report), found.verdicts
    Journal(site.home, release).add("shadow", headline=found.headline, pairs=report["pairs"]["pairs"])
    rows = [{"rule": v.gate, "verdict": v.outcome.value, "why": v.sentence} for v in verdicts]
    create_table_artifact(rows, key=f"shadow-rules-{release}", description=found.headline)
    page = f"[All of it, with plots]({record.page}) is in the release record.\n\n"
    create_markdown_artifact(f"# {found.headline}\n\n{page}{_markdown(report)}", key=f"shadow-{release}")
    values = {f"{v.gate}/{name}": value for v in verdicts for name, value in v.numbers.items()}
    try:
        record.metrics(values)
        record.tag({"greenramp.shadow": found.headline})
        record.text("shadow/report.json", json.dumps(report, indent=1))
        record.figure("shadow/shadow.png", shadow_figure(report, f"Shadow of {release}"))
        if plan.shadow.examples:
            record.text("shadow/pairs.jsonl", "".join(json.dumps(row) + "\n" for row in _kept(plan, found.rows)))
    except Unreachable as error:
        get_run_logger().warning("the record of the shadow waits for MLflow: %s", error)


def _without_private(plan: Service, report: dict[str, Any]) -> dict[str, Any]:
    """The report with those columns of its examples that may be kept, or without examples."""
    if not plan.shadow.examples:
        return {**report, "worst": {}}
    worst_ones = {
        sort: [{**row, "features": _columns(plan, row.get("features") or {})} for row in examples]
        for sort, examples in report["worst"].items()
    }
    return {**report, "worst": worst_ones}


def _columns(plan: Service, features: dict[str, Any]) -> dict[str, Any]:
    kept = plan.shadow.example_columns or ()
    return {name: value for name, value in features.items() if name in kept}


def _kept(plan: Service, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sampled pairs without the columns of the request that may not be kept."""
    shadow = plan.shadow
    private = {*shadow.slices.columns, *shadow.slices.headers} - set(shadow.example_columns or ())
    return [{name: value for name, value in row.items() if name not in private} for row in rows]


def _markdown(report: dict[str, Any]) -> str:
    """What was found besides the first sentence, and the worst examples."""
    lines = [f"- {sentence}" for sentence in report["findings"][1:]]
    for sort, examples in report["worst"].items():
        if examples:
            lines += ["", f"## {sort}", "", "| request | champion | candidate | columns |", "|---|---|---|---|"]
            lines += [
                f"| {row['id']} | {_cell(row['live'])} | {_cell(row['candidate'] or row['error'])} | "
                f"{_cell(row.get('features') or '')} |"
                for row in examples[:10]
            ]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")[:200]


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


def _require_owner(site: SiteSettings, service: str, release: str) -> None:
    route = Router(site.home).read(service)
    if route.owner != release:
        raise Fenced(f"{service} was taken over by {route.owner or 'nobody'} while {release} was watching")
    if not route.held(time.time()):
        raise Fenced(f"{service}: the lease of {release} has ended; Envoy sends no more copies")


def _in_short(verdicts: tuple[Verdict, ...]) -> str:
    """One line for people who watch: the worst, else what is waited for."""
    bad = [v for v in verdicts if v.outcome in (Outcome.FAIL, Outcome.UNAVAILABLE, Outcome.INVALID)]
    waiting = [v for v in verdicts if v.outcome is Outcome.UNSURE]
    return str((bad or waiting or verdicts)[0]) + (
        f" (and {len(bad or waiting) - 1} more)" if len(bad or waiting) > 1 else ""
    )
