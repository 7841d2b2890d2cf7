"""A drill that came out well, to be spoiled in one way by each test."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from greenramp.drill.faults import Fault
from greenramp.drill.places import Place
from greenramp.drill.verdict import Outcome

GOOD = Outcome(
    fault=Fault.KILL_FLOW,
    at=Place.CANARY,
    before="1",
    candidate="2",
    live="1",
    owner="",
    champion="1",
    production=("1",),
    requests=900,
    failed=0,
    failures=(),
    orphans=(),
    safe_seconds=5.1,
    seconds=20.0,
    run="Crashed",
    journal=("share raised", "ended"),
    hand="greenramp recover",
    fresh="Promoted",
    message="",
)


@pytest.fixture
def came_out():
    """The outcome with these changes."""

    def make(**changes: Any) -> Outcome:
        return replace(GOOD, **changes)

    return make
