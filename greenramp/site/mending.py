"""The registry put right after a release that died or was taken back."""

from __future__ import annotations

from greenramp.clients.registry import Registry
from greenramp.clients.releaserecord import close_others
from greenramp.config import CHAMPION, PREVIOUS, Service
from greenramp.site.settings import SiteSettings


def mend_registry(
    site: SiteSettings, service: str, plan: Service, live_version: str, mender: str, *, kept: bool = False
) -> None:
    """After a release that died or was taken back: the champion is the version that serves. Safe to repeat.

    mender: id of the release, rollback or recovery that holds the service now. kept: the dead release had brought
    the version that serves, and all that it had left to do was bookkeeping.
    """
    why = f"did not come to its end; put right by {mender}"
    dead = close_others(site.mlflow_url, service, mender, why, stays=live_version if kept else None)
    registry = Registry(site.mlflow_url)
    champion = registry.alias(plan.model, CHAMPION)
    if champion != live_version:
        registry.ensure_alias(plan.model, PREVIOUS, champion)
        registry.ensure_alias(plan.model, CHAMPION, live_version)
    taken_back = {"greenramp.status": "rolled-back", "greenramp.reason": f"taken back by {mender}"}
    for version in {*dead, champion} - {live_version, None}:
        registry.set_tags(plan.model, str(version), taken_back)
    if plan.promotion.stages:
        ensure_only_production(registry, plan.model, live_version)
    registry.set_tags(plan.model, live_version, {"greenramp.status": "champion"})


def ensure_only_production(registry: Registry, model: str, version: str) -> None:
    """This version in the stage Production, and none beside it."""
    registry.ensure_stage(model, version, "Production")
    for other in registry.in_stage(model, "Production"):
        if other != version:
            registry.ensure_stage(model, other, "Archived")
