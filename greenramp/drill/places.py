"""Places of a release at which a fault can be planted, and how each is known from what a release leaves on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from greenramp.lifecycle.phases import Phase
from greenramp.traffic.route import RETIRING, Route

LADDER = (20.0, 50.0, 100.0)
"""Shares of a drill's candidate, in percent."""


class Place(StrEnum):
    """How far the release has come when the fault strikes: a phase that it has reached, or a step it is in."""

    REGISTERED = Phase.REGISTERED.value
    PROVISIONING = "provisioning"
    WARMING_UP = "warming-up"
    PROVISIONED = Phase.PROVISIONED.value
    SMOKED = Phase.SMOKED.value
    SHADOWING = "shadowing"
    SHADOWED = Phase.SHADOWED.value
    CANARY = Phase.CANARY.value
    CANARY_50 = "canary-50"
    CANARY_100 = "canary-100"
    SWITCHED = Phase.SWITCHED.value
    PROMOTED = Phase.PROMOTED.value
    RETIRING = "retiring"
    ROLLING_BACK = "rolling-back"
    RECOVERING = "recovering"


@dataclass(frozen=True)
class Sight:
    """What stands on disk of a release at one moment.

    lines: of its journal. recovery: of the journals of recoveries that work on it. route: its service's traffic
    record. provided: an environment is being made for it. answers: that environment answers.
    """

    lines: Sequence[Mapping[str, Any]]
    recovery: Sequence[Mapping[str, Any]]
    route: Route
    provided: bool
    answers: bool

    def has(self, event: str, **facts: object) -> bool:
        """Whether the journal holds such a line."""
        return any(line["event"] == event and facts.items() <= line.items() for line in self.lines)


def _phase(phase: Phase) -> Callable[[Sight], bool]:
    return lambda sight: sight.has("phase", phase=phase.value)


def _share(percent: float) -> Callable[[Sight], bool]:
    return lambda sight: sight.has("share raised", percent=percent)


_SIGNS: Mapping[Place, Callable[[Sight], bool]] = {
    Place.REGISTERED: lambda sight: sight.has("claimed"),
    Place.PROVISIONING: lambda sight: sight.provided,
    Place.WARMING_UP: lambda sight: sight.answers,
    Place.PROVISIONED: _phase(Phase.PROVISIONED),
    Place.SMOKED: _phase(Phase.SMOKED),
    Place.SHADOWING: lambda sight: sight.has("copies begun"),
    Place.SHADOWED: _phase(Phase.SHADOWED),
    Place.CANARY: _share(LADDER[0]),
    Place.CANARY_50: _share(LADDER[1]),
    Place.CANARY_100: _share(LADDER[2]),
    Place.SWITCHED: lambda sight: sight.has("traffic switched"),
    Place.PROMOTED: _phase(Phase.PROMOTED),
    Place.RETIRING: lambda sight: sight.route.step == RETIRING,
    Place.ROLLING_BACK: lambda sight: sight.has("traffic put back"),
    Place.RECOVERING: lambda sight: any(line["event"] == "recovers" for line in sight.recovery),
}


def reached(place: Place, sight: Sight) -> bool:
    """Whether the release has come to `place`; it may be past it by now."""
    return _SIGNS[place](sight)
