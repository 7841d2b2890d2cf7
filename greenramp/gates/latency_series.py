"""One gate's answer times as they come in, block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.blocks import Blocks
from greenramp.gates.histogram import Ints, counted, quantile
from greenramp.gates.likelihood import Floats
from greenramp.gates.rank_gate import RankGate
from greenramp.gates.rate_gate import RESERVE


class LatencySeries:
    """Times of both sides in the order the router sent the requests; a user counts once (see RateSeries)."""

    def __init__(self, margin: float | None, half_life_seconds: float, reserve: float = RESERVE) -> None:
        self.gate = RankGate(margin, reserve)
        self._blocks = Blocks(half_life_seconds)
        self._block: tuple[list[float], list[float]] = ([], [])
        self._users: set[str] = set()
        self.candidate = self.champion = self.compared = 0

    def add(self, share: float, mine: bool, ms: float, ts: float = 0.0, user: str = "") -> None:
        """Take in one time, at least 0."""
        if user and user in self._users:
            return
        if user:
            self._users.add(user)
        if self._blocks.done(share):
            if self._block[0] or self._block[1]:
                self.gate.update(self._blocks.share, *self._times, self._blocks.hazard)
            self._block = ([], [])
            self._blocks.begin(share, ts)
        self._blocks.count()
        self._block[0 if mine else 1].append(ms)
        self.candidate += mine
        self.champion += not mine
        self.compared += mine and 0 < share < 1

    def log_against(self) -> float:
        """Evidence (natural log) that the candidate is slower."""
        return self.gate.log_against(self._blocks.share, *self._times, self._blocks.hazard)

    def log_for(self) -> float:
        """Evidence (natural log) that the candidate is not slower by the margin."""
        return self.gate.log_for(self._blocks.share, *self._times)

    @property
    def quantiles(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Median and 99 % quantile of each side, to a few percent; not a number where there is nothing."""
        sides = zip((self.gate.candidate, self.gate.champion), self._times, strict=True)
        mine, theirs = (_median_and_p99(counts + counted(times)) for counts, times in sides)
        return mine, theirs

    @property
    def _times(self) -> tuple[Floats, Floats]:
        """Of the block; sorted, so that the order inside a block changes not even the last bit."""
        mine, theirs = (np.sort(np.array(times, dtype=np.float64)) for times in self._block)
        return mine, theirs

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "gate": self.gate.state(),
            "blocks": self._blocks.state(),
            "block": [list(times) for times in self._block],
            "users": sorted(self._users),
            "sums": [self.candidate, self.champion, self.compared],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        self.gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._block = (list(state["block"][0]), list(state["block"][1]))
        self._users = set(state["users"])
        self.candidate, self.champion, self.compared = state["sums"]
        return self


def _median_and_p99(counts: Ints) -> tuple[float, float]:
    return (quantile(counts, 0.5), quantile(counts, 0.99)) if counts.sum() else (math.nan, math.nan)
