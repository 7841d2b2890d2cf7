"""The registry follows traffic: aliases, stages, tags."""

from __future__ import annotations

from prefect import get_run_logger, task

from greenramp.clients.journal import Journal
from greenramp.clients.registry import Registry
from greenramp.config import CHAMPION, PREVIOUS, Service
from greenramp.lifecycle.plan import Before, Candidate
from greenramp.site.mending import ensure_only_production
from greenramp.site.settings import SiteSettings
from tasks.policy import STEP


@task(**STEP, timeout_seconds=120, task_run_name="promote: {candidate.version} is champion")
def promote(
    site: SiteSettings, service: str, plan: Service, candidate: Candidate, before: Before, release: str, reason: str
) -> None:
    """Point the aliases (and stages) at what now serves, and read them back. Safe to repeat."""
    registry = Registry(site.mlflow_url)
    if before.live_version and before.live_version != candidate.version:
        registry.ensure_alias(plan.model, PREVIOUS, before.live_version)
        replaced = {"greenramp.status": "previous", "greenramp.reason": f"version {candidate.version}: {reason}"}
        registry.set_tags(plan.model, before.live_version, replaced)
    registry.ensure_alias(plan.model, CHAMPION, candidate.version)
    if plan.promotion.stages:
        ensure_only_production(registry, plan.model, candidate.version)
    registry.set_tags(
        plan.model,
        candidate.version,
        {"greenramp.status": "champion", "greenramp.release": release, "greenramp.reason": reason},
    )
    Journal(site.home, release).add("registry moved", champion=candidate.version, previous=before.live_version)
    get_run_logger().info("champion of %s is version %s", service, candidate.version)


def put_back_aliases(registry: Registry, plan: Service, candidate: Candidate, before: Before, release: str) -> None:
    """Aliases and stages as they were before a promotion, however far that had come. Safe to repeat."""
    registry.ensure_alias(plan.model, CHAMPION, before.champion)
    registry.ensure_alias(plan.model, PREVIOUS, before.previous)
    if before.live_version:
        again = {"greenramp.status": "champion", "greenramp.reason": f"{release} was taken back"}
        registry.set_tags(plan.model, before.live_version, again)
    if plan.promotion.stages:
        registry.ensure_stage(plan.model, candidate.version, before.candidate_stage)
        for version in before.production:
            registry.ensure_stage(plan.model, version, "Production")
