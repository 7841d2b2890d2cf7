"""What a release fixes at its start: the version it brings, and the place it returns to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from greenramp.traffic.split import Side


@dataclass(frozen=True)
class Candidate:
    """One version, fixed: its number, and a copy of its files on this machine with their digest."""

    model: str
    version: str
    digest: str
    model_path: str
    run_id: str

    def __str__(self) -> str:
        return f"{self.model} version {self.version}"


@dataclass(frozen=True)
class Before:
    """The world before a release: what a way back restores.

    live: the serving side, None for a service that never had a version. live_version: what it serves.
    champion, previous: versions the aliases point to. candidate_stage: the candidate's stage.
    production: versions in the stage Production.
    """

    live: Side | None
    live_version: str | None
    champion: str | None
    previous: str | None
    candidate_stage: str
    production: tuple[str, ...]

    @property
    def idle(self) -> Side:
        """The side the candidate is put on."""
        return Side.BLUE if self.live is None else self.live.other


@dataclass(frozen=True)
class Exposure:
    """What users meet of a candidate by now.

    side: its environment. percent: its share of the traffic, given with the traffic record's `generation`; 0 when no
    user meets it. since: where its evidence begins in each log.
    """

    side: Side
    percent: float = 0.0
    generation: int = 0
    since: Mapping[str, Sequence[int]] = field(default_factory=dict)
