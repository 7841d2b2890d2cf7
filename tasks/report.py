"""The release record: opened, kept up while the release goes on, closed with pictures, report and the whole journal."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

from prefect import get_run_logger, task
from prefect.artifacts import create_link_artifact
from prefect.runtime import flow_run

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal, as_text
from greenramp.clients.releaserecord import ReleaseRecord, open_record
from greenramp.config import Service
from greenramp.errors import GreenrampError, Unreachable
from greenramp.lifecycle.phases import Phase
from greenramp.lifecycle.plan import Before, Candidate
from greenramp.preflight import Finding, as_markdown, counts, rows
from greenramp.reporting import account_of
from greenramp.reporting.markdown import as_markdown as report_text
from greenramp.reporting.points import points
from greenramp.reporting.telling import in_one_line, tell
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import lapse
from tasks.page import show_end, show_phase
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
    version = _version_page(site, candidate.model, candidate.version)
    create_link_artifact(link=record.page, link_text=f"Release record of {release}", key=f"record-{service}")
    create_link_artifact(link=version, link_text=f"{candidate} in MLflow", key=f"version-{service}")
    get_run_logger().info("release %s, recorded at %s", release, record.page)
    return record


@task(**ONCE, timeout_seconds=180, task_run_name="note: {phase}, {percent:g} %")
def record_phase(site: SiteSettings, record: ReleaseRecord, release: str, phase: Phase, percent: float) -> None:
    """Phase, split and the gates' numbers until now; with MLflow away the journal alone has them."""
    journal = Journal(site.home, release)
    journal.add("phase", phase=phase.value, percent=percent)
    show_phase(release, phase, percent)
    lines = journal.read()
    try:
        record.points(points(lines))
        record.tag({"greenramp.phase": phase.value})
        record.text("journal.jsonl", as_text(lines))
    except Unreachable as error:  # no reason to take a good version back: the journal on disk keeps all of it
        get_run_logger().warning("the record waits for MLflow: %s", error)


@task(**WAY_BACK, timeout_seconds=180, task_run_name="report: {outcome}")
def close_release_record(
    site: SiteSettings, plan: Service, record: ReleaseRecord, release: str, outcome: Phase, reason: str
) -> None:
    """The end: outcome and reason, the report on Prefect's and MLflow's pages, and a line on the version's."""
    from greenramp.clients.registry import Registry
    from greenramp.clients.releasereport import write_report

    journal = Journal(site.home, release)
    if not any(line["event"] == "ended" for line in journal.read()):  # else this is a second try
        journal.add("ended", outcome=outcome.value, reason=reason)
    lines = journal.read()
    account = account_of(release, lines)
    told = tell(account, _router_words(site, account.service))
    links = {
        "Release record in MLflow": record.page,
        "Model version in MLflow": _version_page(site, account.model, account.version),
        "Flow run in Prefect": f"{site.prefect_url}/runs/flow-run/{flow_run.id}",
    }
    show_end(release, outcome, report_text(told, links), reason)
    record.tag({"greenramp.phase": outcome.value, "greenramp.reason": reason})
    write_report(record, account, told, lines, plan.model_dump_json(indent=1), links)
    record.close(well=outcome is Phase.LIVE)
    Registry(site.mlflow_url).describe(account.model, account.version, in_one_line(account))


@task(**WAY_BACK, timeout_seconds=120, task_run_name="close the record")
def close_trial_record(site: SiteSettings, record: ReleaseRecord | None, trial: str, said: str, *, well: bool) -> None:
    """The end of a test that was to release nothing: what it found, and the journal."""
    journal = Journal(site.home, trial)
    journal.add("ended", outcome="shadowed", reason=said)
    if record is None:
        return
    phase = "shadowed" if well else "shadow failed"
    record.tag({"greenramp.phase": phase, "greenramp.reason": said, "mlflow.note.content": said})
    record.text("journal.jsonl", as_text(journal.read()))
    record.close(well=well)


def _version_page(site: SiteSettings, model: str, version: str) -> str:
    return f"{site.mlflow_url}/#/models/{quote(model, safe='')}/versions/{version}"


def _router_words(site: SiteSettings, service: str) -> str:
    """What the router's record says now, for the report; the record is on disk, so it is there without Envoy, too."""
    router = Router(site.home)
    try:
        route = lapse(router.read(service), time.time())
        upstream = router.upstream(service, route.live) if route.live else None
    except GreenrampError as error:
        return f"can't be read: {error}"
    if route.live is None:
        return f"no version serves (generation {route.generation})"
    shared = f"; {route.live.other} gets {route.percent:g} %" if route.percent else "; nothing is shared"
    version = upstream.version if upstream else "?"
    return f"{route.live} serves version {version}{shared} (generation {route.generation})"
