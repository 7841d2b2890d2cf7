"""Prefect's automations of deployments/automations/, made on a Prefect server."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from greenramp.clients.prefectapi import PrefectApi
from greenramp.errors import ConfigError


def ensure_automations(project: Path, prefect: PrefectApi) -> dict[str, bool]:
    """Make what the files describe; returns which automation had to change. Safe to repeat.

    Raises ConfigError for a file that is none, or names a deployment that the server does not have.
    """
    files = sorted((project / "deployments" / "automations").glob("*.yaml"))
    wanted = [_wanted(file, prefect) for file in files]
    return {automation["name"]: prefect.ensure_automation(automation) for automation in wanted}


def _wanted(file: Path, prefect: PrefectApi) -> dict[str, Any]:
    """The automation as Prefect takes it; its description ends with a mark that changes with the file."""
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        actions = [_action(action, prefect) for action in data["actions"]]
        named = {"name": str(data["name"]), "trigger": dict(data["trigger"]), "actions": actions}
    except (yaml.YAMLError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise ConfigError(f"{file}: no automation: {error!r}; wanted: name, trigger, actions") from error
    mark = hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:8]
    return {**named, "description": f"{data.get('description', '')} (edition {mark})".strip(), "enabled": True}


def _action(action: dict[str, Any], prefect: PrefectApi) -> dict[str, Any]:
    """Prefect knows deployments by ids, which differ from server to server; files name them."""
    rest = {key: value for key, value in action.items() if key != "deployment"}
    return {**rest, "deployment_id": prefect.deployment_id(action["deployment"])} if "deployment" in action else rest
