"""Whether a release whose run has stopped can go on: what it kept of itself, beside what the world is now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from greenramp.config import Pinned, Service
from greenramp.lifecycle.phases import Phase
from greenramp.lifecycle.plan import Before, Candidate, Exposure
from greenramp.lifecycle.recovery import Found
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

RESUMABLE = frozenset({Phase.SMOKED, Phase.SHADOWED, Phase.CANARY, Phase.SWITCHED, Phase.PROMOTED})
"""Phases after which a new run can go on: the candidate is known to serve, or has all traffic."""

SWITCHED = frozenset({Phase.SWITCHED, Phase.PROMOTED})

_FORMAT = 1

MOST_RUNS = 3
"""A release that has been resumed so often goes back: it may be what fells its machine."""

BEGIN_SECONDS = 120.0
"""So long a run that was asked for may take to begin; then another one is asked for."""


@dataclass(frozen=True)
class Stop:
    """Where a release can go on. plan: its configuration as it was fixed. met: what users met of the candidate.

    record: ids of its MLflow run and of that run's experiment.
    """

    release: str
    phase: Phase
    plan: Service
    candidate: Candidate
    before: Before
    met: Exposure
    record: tuple[str, str]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "format": _FORMAT,
            "release": self.release,
            "phase": self.phase.value,
            "pinned": isinstance(self.plan, Pinned),
            "plan": self.plan.model_dump_json(),
            "record": list(self.record),
            "candidate": asdict(self.candidate),
            "before": asdict(self.before),
            "met": asdict(self.met),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` gave; raises ValueError, LookupError or TypeError for anything else."""
        if data["format"] != _FORMAT:
            raise ValueError(f"format {data['format']!r}, this version reads {_FORMAT}")
        before, met = data["before"], data["met"]
        live = Side(before["live"]) if before["live"] else None
        kind = Pinned if data["pinned"] else Service
        return cls(
            release=data["release"],
            phase=Phase(data["phase"]),
            plan=kind.model_validate_json(data["plan"]),
            candidate=Candidate(**data["candidate"]),
            before=Before(**{**before, "live": live, "production": tuple(before["production"])}),
            met=Exposure(**{**met, "side": Side(met["side"])}),
            record=(data["record"][0], data["record"][1]),
        )


@dataclass(frozen=True)
class World:
    """What is found of a service. live_version, idle_version: what its sides serve, None for nothing.

    live_fit, idle_fit: whether a process of that side is fit to answer. alone: no process of the release lives.
    asked: when runs that go on with it were asked for, epoch seconds.
    """

    route: Route
    live_version: str | None
    idle_version: str | None
    live_fit: bool
    idle_fit: bool
    alone: bool
    asked: tuple[float, ...] = ()


def hindrance(stop: Stop, world: World) -> str:
    """Why the release can't go on, in words; empty when it can."""
    route, before, candidate = world.route, stop.before, stop.candidate.version
    switched = stop.phase in SWITCHED
    live, wanted = (before.idle, candidate) if switched else (before.live, before.live_version)
    if stop.plan.on_planned_stop != "resume":
        return "its service wants it taken back"
    if route.owner != stop.release:
        return f"{route.service} belongs to {route.owner or 'nobody'} now"
    if before.live is None:
        return "it is the first version of its service, so nothing stands behind it"
    if stop.phase not in RESUMABLE:
        return f"it had come no further than: {stop.phase.value}"
    if not world.alone:
        return "its process still lives"
    if route.live is not live or world.live_version != wanted or route.fallback is not switched:
        return f"version {world.live_version or 'none'} serves, it left version {wanted}"
    if not world.live_fit:
        return "the version that serves is not fit"
    if switched and (not world.idle_fit or world.idle_version != before.live_version):
        return "the old version does not stand behind the new one"
    return ""


def stopped(stop: Stop, world: World, now: float) -> Found | None:
    """What `recovery.find` is to be told: whether a new run is to be asked for, or awaited; None for neither."""
    if hindrance(stop, world):
        return None
    if world.asked and now - world.asked[-1] < BEGIN_SECONDS:
        return Found.BEGINNING
    return Found.STOPPED if len(world.asked) < MOST_RUNS else None
