"""What can be said against a version before anything is started."""

from __future__ import annotations

import logging
import time

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from greenramp.clients.pinning import suite_findings
from greenramp.clients.preflight import gates_ahead, look_over, sources_ahead
from greenramp.clients.recenttraffic import read_recent
from greenramp.config import Service
from greenramp.errors import Refused
from greenramp.judging.planning import outlooks
from greenramp.lifecycle.plan import Candidate
from greenramp.preflight import Finding, Severity, refusal, rows, worst_first
from greenramp.site.settings import SiteSettings
from tasks.policy import STEP

_TODAY_SECONDS = 600.0

_LEVELS = {Severity.WARNING: logging.WARNING, Severity.REFUSE: logging.ERROR}


@task(**STEP, timeout_seconds=300, task_run_name="preflight: version {candidate.version}")
def preflight(site: SiteSettings, service: str, plan: Service, candidate: Candidate) -> tuple[Finding, ...]:
    """Show everything that is to be said of a version, and refuse it with the worst; no model is loaded."""
    found = all_findings(site, service, plan, candidate)
    for finding in worst_first(found):
        get_run_logger().log(_LEVELS.get(finding.severity, logging.INFO), "%s", finding)
    create_table_artifact(rows(found), key=f"preflight-{service}", description=f"Preflight of {candidate}")
    if why := refusal(found):
        raise Refused(f"{candidate}: {why}")
    return found


def all_findings(site: SiteSettings, service: str, plan: Service, candidate: Candidate) -> tuple[Finding, ...]:
    """What its files and suites say, what sources answer, and whether its gates can decide at today's traffic."""
    said = look_over(site.home, site.mlflow_url, service, plan, candidate)
    recent = read_recent(site.home, service, plan, _TODAY_SECONDS, time.time())
    found = outlooks(plan, recent.per_second, recent.baselines) if recent else ()
    return (
        *said,
        *suite_findings(plan),
        *sources_ahead(site.home, service, plan),
        gates_ahead(site.home, service, plan, found),
    )
