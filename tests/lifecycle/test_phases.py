"""How far a release may go from where it is: the table, all of it."""

import itertools
import re
from pathlib import Path

import pytest

from greenramp.errors import IllegalTransition
from greenramp.lifecycle.phases import NEXT, Event, Phase, advance, diagram

ARCHITECTURE = Path(__file__).parents[2] / "docs" / "architecture.md"
FINAL = {Phase.LIVE, Phase.ROLLED_BACK}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("event", list(Event))
def test_an_event_leads_where_the_table_says_or_is_refused(phase, event):
    if event in NEXT[phase]:
        assert advance(phase, event) is NEXT[phase][event]
        return
    with pytest.raises(IllegalTransition, match=f"{re.escape(phase.value)} can't have: {event.value}"):
        advance(phase, event)


def test_the_straight_way_leads_from_registered_to_live():
    phase = Phase.REGISTERED
    for event in (
        Event.ENVIRONMENT_READY,
        Event.SMOKE_PASSED,
        Event.SHADOW_PASSED,
        Event.SHARE_RAISED,
        Event.SHARE_RAISED,
        Event.TRAFFIC_SWITCHED,
        Event.REGISTRY_MOVED,
        Event.BAKED,
    ):
        phase = advance(phase, event)
    assert phase is Phase.LIVE


def test_the_first_version_of_a_service_needs_no_canary():
    assert advance(Phase.SMOKED, Event.TRAFFIC_SWITCHED) is Phase.SWITCHED


@pytest.mark.parametrize("phase", [p for p in Phase if p not in FINAL])
def test_every_phase_that_is_not_the_end_has_a_way_back(phase):
    assert advance(phase, Event.PUT_BACK) is Phase.ROLLED_BACK


@pytest.mark.parametrize("phase", sorted(FINAL))
def test_nothing_follows_the_end(phase):
    assert NEXT[phase] == {}


def test_no_share_is_given_to_a_candidate_that_was_not_smoke_tested():
    shared = {Event.SHARE_RAISED, Event.TRAFFIC_SWITCHED}
    giving = {phase for phase, events in NEXT.items() if shared & set(events)}
    assert giving == {Phase.SMOKED, Phase.SHADOWED, Phase.CANARY}


def test_every_phase_is_in_the_table_and_can_be_reached():
    reached = {Phase.REGISTERED}
    for _ in Phase:
        reached |= set(itertools.chain.from_iterable(NEXT[phase].values() for phase in reached))
    assert set(NEXT) == reached == set(Phase)


def test_the_diagram_names_every_arrow_and_no_other():
    first, start, *arrows = diagram().splitlines()
    assert (first, start.strip()) == ("stateDiagram-v2", "[*] --> registered")
    wanted = {
        f"{phase} --> {after}: {event}".replace("rolled-back", "rolled_back")
        for phase, events in NEXT.items()
        for event, after in events.items()
    }
    assert len(arrows) == len(wanted)
    assert {arrow.strip() for arrow in arrows} == wanted


def test_the_documented_diagram_is_the_table():
    assert f"```mermaid\n{diagram()}\n```" in ARCHITECTURE.read_text(encoding="utf-8")
