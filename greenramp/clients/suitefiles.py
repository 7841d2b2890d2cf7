"""Suites as files: writes one that is not there yet."""

from __future__ import annotations

from pathlib import Path

import yaml

from greenramp.clients.configfiles import suite_file
from greenramp.config.expectations import Suite
from greenramp.errors import ConfigError


def suite_text(suite: Suite) -> str:
    """A suite as YAML, in the short form."""
    data = {
        "description": suite.description,
        "expectations": [{expected.type: dict(expected.kwargs)} for expected in suite.expectations],
    }
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)


def write_suite(configs: Path, service: str, name: str, suite: Suite) -> Path:
    """Write a new suite; raises ConfigError when there is one of that name: what people wrote is not written over."""
    path = suite_file(configs, service, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(suite_text(suite))
    except FileExistsError:
        raise ConfigError(
            f"{path}: is there already and is not written over; remove it first, or give another name with --name"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: {error}") from error
    return path
