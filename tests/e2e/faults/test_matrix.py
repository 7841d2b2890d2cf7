"""Every fault at every place of a release: users are answered, and traffic, registry and record agree in the end."""

from __future__ import annotations

import faults_kept as kept
import pytest

from greenramp.drill.expectation import expectation
from greenramp.drill.faults import Fault, cells
from greenramp.drill.places import Place
from greenramp.drill.verdict import sentence, troubles
from greenramp.site.drill.running import drill

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

ALWAYS = (
    (Fault.KILL_FLOW, Place.CANARY),
    (Fault.KILL_PREFECT, Place.CANARY),
    (Fault.KILL_ENVOY, Place.CANARY_100),
)
"""Those that are tried with every run of all tests; the others take hours: make faults."""


def _each():
    for fault, place in cells():
        always = [pytest.mark.e2e] if (fault, place) in ALWAYS else []
        yield pytest.param(fault, place, marks=always, id=kept.name(fault, place))


@pytest.mark.parametrize(("fault", "place"), list(_each()))
def test_a_fault_costs_no_user_an_answer_and_leaves_one_story(drill_ground, request, fault, place):
    alone = "faults" in request.config.option.markexpr
    outcome = drill(drill_ground, fault, place, fresh=alone or fault is Fault.KILL_FLOW, say=print)
    if alone:
        kept.keep(outcome)
    wanted = expectation(fault, place)
    assert not troubles(outcome, wanted), sentence(outcome, wanted)
