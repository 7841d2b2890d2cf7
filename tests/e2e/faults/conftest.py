"""The ground that all cells share, and the table of what came of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from greenramp.drill.expectation import expectation
from greenramp.drill.faults import Fault
from greenramp.drill.verdict import Outcome, troubles
from greenramp.site.drill.ground import Ground, ground
from greenramp.site.programs import client_environment
from greenramp.site.settings import read_settings

CAME_OUT = pytest.StashKey[list[Outcome]]()


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


@pytest.fixture
def came_out(request) -> list[Outcome]:
    """Where a cell's outcome is put down for the table."""
    return request.config.stash.setdefault(CAME_OUT, [])


def pytest_terminal_summary(terminalreporter, config):
    """The table of all cells, in Markdown: docs/drill.md shows one."""
    outcomes = config.stash.get(CAME_OUT, [])
    if not outcomes:
        return
    terminalreporter.section("drills")
    terminalreporter.line("| fault | at | traffic ended on | requests | failed | safe after | put right by | |")
    terminalreporter.line("|---|---|---|---|---|---|---|---|")
    for one in outcomes:
        safe = "no user met it" if one.safe_seconds is None else f"{one.safe_seconds:.1f} s"
        ended = "neither" if one.ending is None else one.ending.name.lower()
        verdict = "failed" if troubles(one, expectation(one.fault, one.at)) else "passed"
        cells = (one.fault, one.at or "-", ended, one.requests, one.failed, safe, one.hand or "-", verdict)
        terminalreporter.line(f"| {' | '.join(map(str, cells))} |")
