"""The release record: opened, kept up while the release goes on, closed with plots and the whole journal."""

from __future__ import annotations

import json
import time

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from greenramp.clients.journal import Journal
from greenramp.clients.releaserecord import ReleaseRecord, open_record
from greenramp.config import Service
from greenramp.errors import Unreachable
from greenramp.phases import Phase
from greenramp.plan import Before, Candidate
from greenramp.preflight import Finding, as_markdown, counts, rows
from greenramp.site.settings import SiteSettings
from greenramp.verdict import Verdict
from tasks.policy import ONCE, STEP, WAY_BACK


@task(**STEP, timeout_seconds=120, task_run_name="open release record")
def open_release_record(
    site: SiteSettings,
    service: str,
    plan: Service,
    candidate: Candidate,
    before: Before,
    release: str,
    findings: tuple[Finding, ...],
) -> ReleaseRecord:
    """One MLflow run in the experiment releases/<service>, with everything this release has fixed."""
    record = open_record(site.mlflow_url, service, release, {"greenramp.phase": Phase.REGISTERED.value})
    record.params(
        {
            "service": service,
            "model": candidate.model,
            "candidate": candidate.version,
            "digest": candidate.digest,
            "champion_before": before.live_version or "none",
            "candidate_side": before.idle.value,
        }
    )
    record.text("config.json", plan.model_dump_json(indent=1))
    record.text("preflight.json", json.dumps(rows(findings), indent=1))
    record.text("preflight.md", as_markdown(findings))
    Journal(site.home, release).add("preflight", **counts(findings))
    create_link_artifact(link=record.page, link_text=f"Release record of {release}", key=f"record-{service}")
    get_run_logger().info("release %s, recorded at %s", release, record.page)
    return record


@task(**ONCE, timeout_seconds=60, task_run_name="record: {phase}")
def record_phase(
    site: SiteSettings, record: ReleaseRecord, release: str, phase: Phase, percent: float, verdicts: tuple[Verdict, ...]
) -> None:
    """Phase, split and the gates' numbers as they are now; with MLflow away the journal alone has them."""
    values = {f"{v.gate}/{name}": value for v in verdicts for name, value in v.numbers.items()}
    try:
        record.metrics({"candidate_percent": percent, **values})
        record.tag({"greenramp.phase": phase.value})
        record.text("journal.jsonl", _lines(Journal(site.home, release)))
    except Unreachable as error:  # no reason to take a good version back: the journal on disk keeps all of it
        get_run_logger().warning("the record waits for MLflow: %s", error)
    if verdicts:
        rows = [{"gate": v.gate, "verdict": v.outcome.value, "why": v.sentence} for v in verdicts]
        create_table_artifact(rows, key=f"gates-{release.rsplit('-', 2)[0]}", description=f"{release}: {phase.value}")


@task(**WAY_BACK, timeout_seconds=120, task_run_name="close release record: {outcome}")
def close_release_record(site: SiteSettings, record: ReleaseRecord, release: str, outcome: Phase, reason: str) -> None:
    """The end: outcome and reason as tags, the journal, and its picture."""
    from greenramp.clients.plots import release_figure

    journal = Journal(site.home, release)
    journal.add("ended", outcome=outcome.value, reason=reason)
    lines = journal.read()
    record.tag({"greenramp.phase": outcome.value, "greenramp.reason": reason, "mlflow.note.content": reason})
    record.text("journal.jsonl", _lines(journal))
    for name, text in suite_texts(lines).items():
        record.text(name, text)
    record.figure("release.png", release_figure(lines, f"{release}: {outcome.value}"))
    record.close(well=outcome is Phase.LIVE)
    create_markdown_artifact(_markdown(release, outcome, reason, lines, record.page), key=f"report-{release}")


@task(**WAY_BACK, timeout_seconds=120, task_run_name="close the record")
def close_trial_record(site: SiteSettings, record: ReleaseRecord | None, trial: str, said: str, *, well: bool) -> None:
    """The end of a test that was to release nothing: what it found, and the journal."""
    journal = Journal(site.home, trial)
    journal.add("ended", outcome="shadowed", reason=said)
    if record is None:
        return
    phase = "shadowed" if well else "shadow failed"
    record.tag({"greenramp.phase": phase, "greenramp.reason": said, "mlflow.note.content": said})
    record.text("journal.jsonl", _lines(journal))
    record.close(well=well)


def suite_texts(lines: list[dict[str, object]]) -> dict[str, str]:
    """What each gate's suite found, step by step, as a file's name and text."""
    texts: dict[str, str] = {}
    for line in lines:
        if line["event"] == "expectations":
            name = f"expectations-{line['gate']}.md"
            texts[name] = texts.get(name, "") + f"## {line['where']}\n\n{line['text']}\n"
    return texts


def _lines(journal: Journal) -> str:
    return "".join(json.dumps(line) + "\n" for line in journal.read())


def _markdown(release: str, outcome: Phase, reason: str, lines: list[dict[str, object]], page: str) -> str:
    rows = []
    for line in lines:
        facts = {k: v for k, v in line.items() if k not in ("ts", "event", "verdicts", "text") and v is not None}
        at = time.strftime("%H:%M:%S", time.gmtime(float(str(line["ts"]))))
        if line["event"] != "verdicts":
            rows.append(f"| {at} | {line['event']} | {', '.join(f'{k} {v}' for k, v in facts.items())} |")
    head = f"# {release}: {outcome.value}\n\n{reason}\n\n[Release record in MLflow]({page})\n\n"
    return head + "| time (UTC) | event | |\n|---|---|---|\n" + "\n".join(rows) + "\n"
