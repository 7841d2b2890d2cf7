"""How far a release has come, and which step may follow: a table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from greenramp.errors import IllegalTransition


class Phase(StrEnum):
    """What is true of a release by now."""

    REGISTERED = "registered"
    PROVISIONED = "provisioned"
    SMOKED = "smoked"
    SHADOWED = "shadowed"
    CANARY = "canary"
    SWITCHED = "switched"
    PROMOTED = "promoted"
    LIVE = "live"
    ROLLED_BACK = "rolled-back"


class Event(StrEnum):
    """What just happened to a release."""

    ENVIRONMENT_READY = "environment ready"
    SMOKE_PASSED = "smoke passed"
    SHADOW_PASSED = "shadow passed"
    SHARE_RAISED = "share raised"
    TRAFFIC_SWITCHED = "traffic switched"
    REGISTRY_MOVED = "registry moved"
    BAKED = "baked"
    PUT_BACK = "put back"


NEXT: Mapping[Phase, Mapping[Event, Phase]] = {
    Phase.REGISTERED: {Event.ENVIRONMENT_READY: Phase.PROVISIONED, Event.PUT_BACK: Phase.ROLLED_BACK},
    Phase.PROVISIONED: {Event.SMOKE_PASSED: Phase.SMOKED, Event.PUT_BACK: Phase.ROLLED_BACK},
    Phase.SMOKED: {
        Event.SHADOW_PASSED: Phase.SHADOWED,
        Event.SHARE_RAISED: Phase.CANARY,
        Event.TRAFFIC_SWITCHED: Phase.SWITCHED,  # the first version of a service has nobody to share with
        Event.PUT_BACK: Phase.ROLLED_BACK,
    },
    Phase.SHADOWED: {Event.SHARE_RAISED: Phase.CANARY, Event.PUT_BACK: Phase.ROLLED_BACK},
    Phase.CANARY: {
        Event.SHARE_RAISED: Phase.CANARY,
        Event.TRAFFIC_SWITCHED: Phase.SWITCHED,
        Event.PUT_BACK: Phase.ROLLED_BACK,
    },
    Phase.SWITCHED: {Event.REGISTRY_MOVED: Phase.PROMOTED, Event.PUT_BACK: Phase.ROLLED_BACK},
    Phase.PROMOTED: {Event.BAKED: Phase.LIVE, Event.PUT_BACK: Phase.ROLLED_BACK},
    Phase.LIVE: {},
    Phase.ROLLED_BACK: {},
}


def advance(phase: Phase, event: Event) -> Phase:
    """The phase after `event`; raises IllegalTransition when the table does not hold it."""
    try:
        return NEXT[phase][event]
    except KeyError:
        raise IllegalTransition(f"a release that is {phase.value} can't have: {event.value}") from None


def diagram() -> str:
    """The table as a Mermaid state diagram."""
    arrows = [
        f"    {phase.value.replace('-', '_')} --> {after.value.replace('-', '_')}: {event.value}"
        for phase, events in NEXT.items()
        for event, after in events.items()
    ]
    return "\n".join(["stateDiagram-v2", "    [*] --> registered", *arrows])
