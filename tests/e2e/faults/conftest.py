"""The ground that all cells share, and the table of what came of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import faults_kept as kept
import pytest

from greenramp.drill.faults import Fault
from greenramp.site.drill.ground import Ground, ground
from greenramp.site.programs import client_environment
from greenramp.site.settings import read_settings


def pytest_collection_modifyitems(config, items):
    """Hours of work are not done twice: what has passed before is left out, until the file of it is removed."""
    if "faults" not in config.option.markexpr:
        return
    passed = {row["cell"] for row in kept.rows() if row["verdict"] == "passed"}
    done = [item for item in items if getattr(item, "callspec", None) and item.callspec.id in passed]
    items[:] = [item for item in items if item not in done]
    config.hook.pytest_deselected(items=done)


@pytest.fixture(scope="module")
def drill_ground(site, request) -> Iterator[Ground]:
    """The drill's service on this session's site, with the bad models that the chosen cells need."""
    settings = read_settings(site.home)
    assert settings is not None
    chosen = [item.callspec.params["fault"] for item in request.session.items if "fault" in item.fixturenames]
    before = dict(os.environ)
    os.environ.update(client_environment(settings))
    try:
        with ground(settings, [*chosen, Fault.WRONG], print) as made:
            yield made
    finally:
        os.environ.clear()
        os.environ.update(before)


def pytest_terminal_summary(terminalreporter, config):
    """The table of all cells, in Markdown: docs/drill.md shows one."""
    rows = kept.rows() if "faults" in config.option.markexpr else []
    if rows:
        terminalreporter.section("drills")
        for line in kept.table(rows):
            terminalreporter.line(line)
