"""One gate's counts from a source outside: both sides' events between two looks, without their order.

The candidate's share of a batch is its share of that batch's events. For any ratio r >= 1 the product of fair bets on
"whose is a bad event" has a mean of at most 1 while the candidate's rate is no higher: with rho = n1/(n1 + n0),
A = r/(1 + rho (r - 1)) and B = A/r, E[A^s1 B^s0] <= exp(n1 p1 (A - 1) + n0 p0 (B - 1)) <= 1 for p1 <= p0, since
rho A + (1 - rho) B = 1. It holds for each batch given those before, for any drift of the rates and any shares, if
outcomes do not depend on each other: counters know no users, so one user's hundred failures are a hundred here.
Source: Lindon & Malek, NeurIPS 2022 (arXiv 2011.03567); where bad events are common as in RateGate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from greenramp.gates.evidence import Evidence, Stratum
from greenramp.gates.looks import BLOCK_EVENTS, Clock, base_rate_of
from greenramp.gates.rate_gate import RESERVE, Counts, RateGate

VERSION = 1


class CountSeries:
    """Counts of both sides, look by look; O(1) per look. The evidence moves only when a block is full."""

    def __init__(
        self, margin: float | None, half_life_seconds: float, reserve: float = RESERVE, hint: float | None = None
    ) -> None:
        self.gate = None if margin is None else RateGate(margin, reserve=reserve, hint=hint)
        self._clock = Clock(half_life_seconds)
        self._counts: dict[str, list[int]] = {}
        self._block = [0, 0, 0, 0]
        self._seen = self._bad = 0
        self._split = 0.0

    def add(
        self,
        candidate: int,
        champion: int,
        candidate_bad: int,
        champion_bad: int,
        ts: float = 0.0,
        split: float = 0.0,
    ) -> None:
        """Count what came between two looks, the later one at ts, in seconds.

        split: any number that tells the splits of the release apart; looks at different ones are never put together.
        Raises ValueError for counts that can't be.
        """
        Stratum(0.5, candidate, champion, candidate_bad, champion_bad)  # refuses nonsense
        if split != self._split:
            self._close(ts)
        self._split = split
        self._block = [
            a + b for a, b in zip(self._block, (candidate, champion, candidate_bad, champion_bad), strict=True)
        ]
        if self._block[0] + self._block[1] >= BLOCK_EVENTS:
            self._close(ts)

    def _close(self, ts: float) -> None:
        """Take the block in. How it bets was known before it, and whether it is full depends on no outcome."""
        candidate, champion, candidate_bad, champion_bad = self._block
        events = candidate + champion
        if not events:
            return
        share = candidate / events
        hazard = self._clock.hazard(ts)
        if self.gate:
            base = base_rate_of(self._bad, self._seen)
            self.gate.update(Counts(share, candidate, champion, candidate_bad, champion_bad, base), hazard)
        counts = self._counts.setdefault(_nearly(share), [0, 0, 0, 0])
        self._counts[_nearly(share)] = [a + b for a, b in zip(counts, self._block, strict=True)]
        self._seen += events
        self._bad += candidate_bad + champion_bad
        self._block = [0, 0, 0, 0]

    @property
    def evidence(self) -> Evidence:
        """The sums. Blocks whose shares differ by less than some percent stand in one stratum, under their mean share:
        for reading, and for limits that need no share; the bets take each block's own.
        """
        counts = {key: list(value) for key, value in self._counts.items()}
        if events := self._block[0] + self._block[1]:
            have = counts.get(key := _nearly(self._block[0] / events), [0, 0, 0, 0])
            counts[key] = [a + b for a, b in zip(have, self._block, strict=True)]
        return Evidence(tuple(Stratum(c[0] / (c[0] + c[1]), *c) for c in counts.values()))

    def log_against(self) -> float:
        """Evidence of harm, natural log."""
        return float(self.gate.log_against()) if self.gate else 0.0

    def log_for(self) -> float:
        """Evidence of less harm than the margin, natural log."""
        return float(self.gate.log_for()) if self.gate else 0.0

    def state(self) -> dict[str, Any]:
        """Plain data to go on from, also after a way through JSON; bit for bit."""
        return {
            "v": VERSION,
            "gate": self.gate.state() if self.gate else None,
            "began": self._clock.began,
            "counts": [[share, *counts] for share, counts in self._counts.items()],
            "block": self._block,
            "split": self._split,
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        if state["v"] != VERSION or (state["gate"] is None) != (self.gate is None):
            raise ValueError(f"a state of version {state['v']} is none of this series")
        if self.gate:
            self.gate.restore(state["gate"])
        self._clock.began = state["began"]
        self._counts = {share: list(counts) for share, *counts in state["counts"]}
        self._seen = sum(counts[0] + counts[1] for counts in self._counts.values())
        self._bad = sum(counts[2] + counts[3] for counts in self._counts.values())
        self._block, self._split = list(state["block"]), state["split"]
        return self


def _nearly(share: float) -> str:
    """A share to two figures of the smaller side, so that all looks of a release make few strata."""
    return f"{share:.2g}" if share <= 0.5 else f"-{1 - share:.2g}"
