"""The drill's own service, with steps of seconds; it is described in the site's folder while a drill goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from greenramp.clients.atomicfile import write_text
from greenramp.drill.faults import Fault
from greenramp.drill.places import LADDER, Place
from greenramp.errors import ConfigError
from greenramp.site.settings import SiteSettings

SERVICE = "drill"
_MARK = "# Made by `greenramp drill`, which removes it when it has ended.\n"
_SOON = {"min_seconds": 3, "deadline_seconds": 90}


def service_file(site: SiteSettings) -> Path:
    """Where the drill's service is described meanwhile."""
    return site.configs / "services" / f"{SERVICE}.yaml"


def require_own(site: SiteSettings) -> None:
    """Raise ConfigError when there is a service of this name that no drill has made."""
    file = service_file(site)
    if file.exists() and not file.read_text(encoding="utf-8").startswith(_MARK):
        raise ConfigError(f"{file}: a drill needs this name for a service of its own; rename yours")


def write_service(site: SiteSettings, fault: Fault | None, at: Place | None, metrics_url: str) -> None:
    """Describe the service as this fault needs it; None for a plain one."""
    require_own(site)
    write_text(service_file(site), _MARK + yaml.safe_dump(_config(fault, at, metrics_url), sort_keys=False))


def forget_service(site: SiteSettings) -> None:
    """Remove the description. Safe to repeat."""
    require_own(site)
    service_file(site).unlink(missing_ok=True)


def _config(fault: Fault | None, at: Place | None, metrics_url: str) -> dict[str, Any]:
    gates: list[dict[str, Any]] = [
        {"name": "errors", "metric": "errors", "margin": 0.5, "min_requests": 10},
        {"name": "speed", "metric": "slow", "slower_than_ms": 150, "margin": 0.5, "floor": 0.05, "min_requests": 10},
        {"name": "labels", "metric": "wrong", "margin": 0.5, "floor": 0.02, "min_requests": 10},
    ]
    config: dict[str, Any] = {
        "model": SERVICE,
        "description": "Made-up service of a game day",
        "environment": {"replicas": 2 if fault is Fault.KILL_LIVE else 1},
        "smoke": {"endurance_requests": 100, "compare_in_process": False},
        "shadow": {"min_seconds": 2, "deadline_seconds": 60, "min_pairs": 60, "max_disagreement": 0.1},
        "ladder": list(LADDER),
        "step": dict(_SOON),
        "bake": dict(_SOON),
        "gates": gates,
        "lease_seconds": 6,
        "promotion": {"stages": True},
        "triggers": {"alias": None, "stage": None},
    }
    if at is Place.ROLLING_BACK:  # found by users' labels, so that there is something to put back
        config["shadow"] = {"enabled": False}
    if fault is Fault.METRICS_OUTAGE:
        config["sources"] = {
            "counters": {
                "kind": "prometheus",
                "url": metrics_url,
                "bad": "drill_failed",
                "total": "drill_requests",
                "timeout_seconds": 2,
            }
        }
        gates.append(
            {"name": "outside", "metric": "counts", "source": "counters", "unit": "request", "margin": 0.5}
            | {"min_requests": 10}
        )
        config["step"] = config["bake"] = {"min_seconds": 3, "deadline_seconds": 20}
    return config
