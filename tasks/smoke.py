"""Checks of a candidate that no user has met yet."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.artifacts import create_table_artifact

from greenramp.clients.goldenfiles import read_golden
from greenramp.clients.recordedinputs import recorded_payloads
from greenramp.clients.smokerun.running import run_smoke
from greenramp.clients.smokerun.tested import Tested
from greenramp.config import Service, suites_of
from greenramp.lifecycle.plan import Candidate
from greenramp.providers.base import RunningEnvironment
from greenramp.site.environments import provider_of
from greenramp.site.settings import SiteSettings
from greenramp.verdict import Verdict
from tasks.policy import STEP


@task(**STEP, timeout_seconds=1800, task_run_name="smoke test: version {candidate.version}")
def smoke_test(
    site: SiteSettings, plan: Service, environment: RunningEnvironment, candidate: Candidate, ready_seconds: float
) -> tuple[Verdict, ...]:
    """Does the meant version answer well, always the same, fast enough, and refuse nonsense without harm?

    ready_seconds: how long its start took.
    """
    log, service = get_run_logger(), environment.service
    tested = Tested(
        version=candidate.version,
        side=environment.side.value,
        model_path=candidate.model_path,
        addresses=environment.addresses,
        smoke=plan.smoke,
        suite=suites_of(plan).get(plan.smoke.expectations or ""),
        pids=provider_of(site).processes(environment),
        golden=read_golden(site.configs, service),
        recorded=tuple(recorded_payloads(site.home, service, plan.smoke.recorded_requests)),
        cold_start_seconds=ready_seconds,
        start_seconds=plan.environment.start_seconds,
        timeout_seconds=plan.traffic.timeout_seconds,
    )
    report = run_smoke(tested, log.info)
    for one in report.found:
        log.info("%s", one)
    title = f"{candidate}: smoke test on {environment.side.value}"
    create_table_artifact(report.rows(), key=f"smoke-{service}", description=title)
    return report.verdicts
