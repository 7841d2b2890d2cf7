"""From a wish to one fixed version, with its files on this machine."""

from __future__ import annotations

from prefect import get_run_logger, task

from greenramp.clients.pinning import read_pinned
from greenramp.clients.registry import DIGEST_TAG, Registry
from greenramp.config import Service
from greenramp.errors import Refused
from greenramp.lifecycle.plan import Candidate
from greenramp.lifecycle.reference import parse_reference
from greenramp.preflight import ModelDescription, Severity, digest_finding
from greenramp.site.settings import SiteSettings
from tasks.policy import ONCE, STEP


@task(**ONCE, task_run_name="read configuration: {service}")
def pin_plan(site: SiteSettings, service: str) -> Service:
    """The service's configuration and its gates' suites as they are now; later edits don't reach this release."""
    return read_pinned(site.configs, service)


@task(**STEP, timeout_seconds=600, task_run_name="resolve {wish}")
def resolve_candidate(site: SiteSettings, service: str, plan: Service, wish: str) -> Candidate:
    """Fix the version that `wish` means now and copy its files; refuse files that have changed since last seen."""
    registry = Registry(site.mlflow_url)
    found = registry.resolve(parse_reference(wish, plan.model), plan.model)
    target = site.home.models / service / f"{plan.model}-{found.version}"
    digest = registry.fetch(plan.model, found.version, target)
    known = found.tags.get(DIGEST_TAG)
    if known is None:
        registry.set_tags(plan.model, found.version, {DIGEST_TAG: digest})
    judged = digest_finding(plan.model, ModelDescription(found.version, digest=digest, recorded_digest=known))
    if judged.severity is Severity.REFUSE:
        raise Refused(f"{judged.sentence} (looked at: {target})")
    get_run_logger().info("%s means %s version %s, %s", wish, plan.model, found.version, digest[:19])
    return Candidate(plan.model, found.version, digest, str(target), found.run_id)
