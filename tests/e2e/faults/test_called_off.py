"""A drill that finds nothing to strike ends the release it has begun."""

from __future__ import annotations

import pytest

from greenramp.clients.envoy.router import Router
from greenramp.drill.faults import Fault
from greenramp.drill.places import Place
from greenramp.errors import NotConfirmed
from greenramp.site.drill import running
from greenramp.site.drill.running import drill
from greenramp.site.drill.service import SERVICE

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_what_could_not_be_struck_is_no_passed_drill_and_leaves_no_release(drill_ground, monkeypatch):
    def nothing_there(*_):
        raise NotConfirmed("the worker does not run, so it can't be killed")

    monkeypatch.setattr(running, "plant", nothing_there)
    outcome = drill(drill_ground, Fault.KILL_WORKER, Place.CANARY, fresh=False, say=print)
    assert outcome.message == "the worker does not run, so it can't be killed"
    assert outcome.live == outcome.before == outcome.champion
    assert not outcome.owner
    assert not outcome.orphans
    assert not Router(drill_ground.site.home).read(SERVICE).owner
