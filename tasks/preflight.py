"""What can be said against a version before anything is started."""

from __future__ import annotations

import time
from pathlib import Path

import yaml
from prefect import get_run_logger, task

from greenramp.clients.envoy.router import Router
from greenramp.clients.recenttraffic import read_recent
from greenramp.config import GateRole, Service
from greenramp.errors import Refused
from greenramp.plan import Candidate
from greenramp.planning import outlooks, undecidable
from greenramp.site.settings import SiteSettings
from tasks.policy import ONCE

_TODAY_SECONDS = 600.0


@task(**ONCE, task_run_name="preflight: version {candidate.version}")
def preflight(site: SiteSettings, service: str, plan: Service, candidate: Candidate) -> None:
    """Refuse what can't be served, what nothing would check the inputs of, and what no gate could ever let pass."""
    _require_servable(service, plan, candidate)
    if not plan.allow_undecidable and any(gate.role is GateRole.REQUIRE for gate in plan.gates):
        _require_decidable(site, service, plan)


def _require_servable(service: str, plan: Service, candidate: Candidate) -> None:
    file = Path(candidate.model_path) / "MLmodel"
    described = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    if not isinstance(described, dict) or "python_function" not in described.get("flavors", {}):
        raise Refused(f"{candidate} can't be served: it has no python_function flavour")
    if not described.get("signature"):
        if not plan.allow_missing_signature:
            raise Refused(
                f"{candidate} has no signature, so nothing would check its inputs; log the model with "
                "signature=infer_signature(inputs, answers), or set allow_missing_signature: true in "
                f"services/{service}.yaml"
            )
        get_run_logger().warning("%s has no signature; the service allows that", candidate)


def _require_decidable(site: SiteSettings, service: str, plan: Service) -> None:
    if Router(site.home).read(service).live is None:
        return  # the first version: nobody to compare it with, so no gate is asked
    recent = read_recent(site.home, service, plan, _TODAY_SECONDS, time.time())
    if recent is None:
        get_run_logger().warning(
            "%s had no request in the last %g s, so nobody knows whether its gates can decide; without requests the "
            "release ends unsure",
            service,
            _TODAY_SECONDS,
        )
    elif why := undecidable(service, outlooks(plan, recent.per_second, recent.baselines)):
        raise Refused(f"a release of {service} would go back undecided: {why}")
