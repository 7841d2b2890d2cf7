"""A first suite for the inputs of the version that serves, from its signature in MLflow."""

from __future__ import annotations

import tempfile
from pathlib import Path

from greenramp.clients.payloads import signature_inputs
from greenramp.clients.registry import Registry
from greenramp.config import CHAMPION
from greenramp.config.expectations import Suite
from greenramp.errors import ConfigError
from greenramp.suites.inputsdraft import draft_inputs


def champion_inputs(mlflow_uri: str, model: str) -> Suite:
    """The suite for the champion of a registered model.

    Raises ConfigError when there is no champion, or no signature of named columns; Unreachable when MLflow does not
    answer.
    """
    registry = Registry(mlflow_uri)
    version = registry.alias(model, CHAMPION)
    if version is None:
        raise ConfigError(f"model {model!r} has no alias {CHAMPION}: release a version first, or draft --from a table")
    with tempfile.TemporaryDirectory() as folder:
        registry.fetch_description(model, version, Path(folder))
        return draft_inputs(f"{model} version {version}", signature_inputs(folder))
