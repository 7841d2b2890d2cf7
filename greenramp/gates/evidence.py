"""The numbers a gate reads: counts per stratum, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Stratum:
    """Counts gathered while the router gave the candidate one fixed share of the traffic.

    share: the candidate's share the router used, in [0, 1].
    candidate, champion: events looked at on each side (requests, or labelled requests).
    candidate_bad, champion_bad: those of them that were bad (failed, slow, wrong).
    """

    share: float
    candidate: int = 0
    champion: int = 0
    candidate_bad: int = 0
    champion_bad: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must lie in [0, 1], not {self.share}")
        if not 0 <= self.candidate_bad <= self.candidate or not 0 <= self.champion_bad <= self.champion:
            raise ValueError(f"bad events must be no more than events, and none negative: {self}")

    @property
    def bad(self) -> int:
        """Bad events of both sides together."""
        return self.candidate_bad + self.champion_bad


@dataclass(frozen=True)
class Evidence:
    """What was counted for one metric over a whole release, one stratum for each share."""

    strata: tuple[Stratum, ...] = ()

    def add(self, more: Stratum) -> Evidence:
        """Return this evidence with `more` counted in, merged into the stratum of the same share."""
        for index, have in enumerate(self.strata):
            if have.share == more.share:
                merged = replace(
                    have,
                    candidate=have.candidate + more.candidate,
                    champion=have.champion + more.champion,
                    candidate_bad=have.candidate_bad + more.candidate_bad,
                    champion_bad=have.champion_bad + more.champion_bad,
                )
                return Evidence((*self.strata[:index], merged, *self.strata[index + 1 :]))
        return Evidence((*self.strata, more))

    @property
    def candidate(self) -> int:
        """Events seen on the candidate's side."""
        return sum(s.candidate for s in self.strata)

    @property
    def candidate_bad(self) -> int:
        """Bad events on the candidate's side."""
        return sum(s.candidate_bad for s in self.strata)

    @property
    def champion(self) -> int:
        """Events seen on the champion's side."""
        return sum(s.champion for s in self.strata)

    @property
    def champion_bad(self) -> int:
        """Bad events on the champion's side."""
        return sum(s.champion_bad for s in self.strata)
