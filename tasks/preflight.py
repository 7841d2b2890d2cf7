"""What can be said against a version before anything is started."""

from __future__ import annotations

from pathlib import Path

import yaml
from prefect import get_run_logger, task

from greenramp.config import Service
from greenramp.errors import Refused
from greenramp.plan import Candidate
from tasks.policy import ONCE


@task(**ONCE, task_run_name="preflight: version {candidate.version}")
def preflight(service: str, plan: Service, candidate: Candidate) -> None:
    """Refuse what can't be served, and what nothing would check the inputs of."""
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
