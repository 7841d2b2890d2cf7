"""Where a release is, is read from what it leaves on disk, and nothing is taken for more than it says."""

from __future__ import annotations

import pytest

from greenramp.drill.places import LADDER, Place, Sight, reached
from greenramp.lifecycle.phases import Phase
from greenramp.traffic.route import RETIRING, Route

CLAIMED = {"ts": 1.0, "event": "claimed"}


def sight(*lines, recovery=(), route=None, provided=False, answers=False):
    return Sight(lines, recovery, route or Route("drill"), provided, answers)


def phase(value):
    return {"ts": 2.0, "event": "phase", "phase": value}


def raised(percent):
    return {"ts": 3.0, "event": "share raised", "percent": percent}


SIGNS = {
    Place.REGISTERED: sight(CLAIMED),
    Place.PROVISIONING: sight(provided=True),
    Place.WARMING_UP: sight(answers=True),
    Place.PROVISIONED: sight(phase("provisioned")),
    Place.SMOKED: sight(phase("smoked")),
    Place.SHADOWING: sight({"ts": 2.0, "event": "copies begun"}),
    Place.SHADOWED: sight(phase("shadowed")),
    Place.CANARY: sight(raised(20.0)),
    Place.CANARY_50: sight(raised(50.0)),
    Place.CANARY_100: sight(raised(100.0)),
    Place.SWITCHED: sight({"ts": 2.0, "event": "traffic switched"}),
    Place.PROMOTED: sight(phase("promoted")),
    Place.RETIRING: sight(route=Route("drill", step=RETIRING)),
    Place.ROLLING_BACK: sight({"ts": 2.0, "event": "traffic put back"}),
    Place.RECOVERING: sight(recovery=({"ts": 2.0, "event": "recovers"},)),
}


@pytest.mark.parametrize("place", Place)
def test_each_place_has_its_own_sign_and_no_other_place_is_known_by_it(place):
    assert [other for other in Place if reached(other, SIGNS[place])] == [place]


def test_before_a_release_has_begun_it_is_nowhere():
    assert not any(reached(place, sight()) for place in Place)


def test_a_recovery_is_not_known_by_the_journal_of_the_release_it_puts_right():
    assert not reached(Place.RECOVERING, sight({"ts": 1.0, "event": "recovers"}))


def test_phases_of_a_release_are_called_as_everywhere_else():
    known = {phase.value for phase in Phase}
    assert {"registered", "provisioned", "smoked", "shadowed", "canary", "switched", "promoted"} <= known
    assert len(LADDER) == len([place for place in Place if place.value.startswith("canary")])
