"""One gate's answer times as they come in, block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.blocks import Blocks
from greenramp.gates.events import Events
from greenramp.gates.histogram import Ints, counted, quantile
from greenramp.gates.likelihood import Floats
from greenramp.gates.rank_gate import RankGate
from greenramp.gates.rate_gate import RESERVE
from greenramp.gates.users import Users

VERSION = 2


class LatencySeries:
    """Times of both sides in the order the router sent the requests; a user counts once (see RateSeries)."""

    def __init__(self, margin: float | None, half_life_seconds: float, reserve: float = RESERVE) -> None:
        self.gate = RankGate(margin, reserve)
        self._blocks = Blocks(half_life_seconds)
        self._block: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self._users = Users()
        self.candidate = self.champion = self.compared = 0

    def add(self, events: Events) -> None:
        """Take in times, at least 0."""
        events = events.only(self._users.first(events.user))
        if not len(events):
            return
        cut = self._blocks.cut(events.share, events.ts)
        for number in range(cut.shares.size):
            if number:
                if number - 1 in cut.done:
                    self.gate.update(float(cut.shares[number - 1]), *self._times, float(cut.hazards[number - 1]))
                self._block = (np.empty(0), np.empty(0))
            self._block = _with(self._block, events, cut.bounds(number))
        mine, shared = events.mine, (events.share > 0) & (events.share < 1)
        self.candidate += int(mine.sum())
        self.champion += int((~mine).sum())
        self.compared += int((mine & shared).sum())

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
        return np.sort(self._block[0]), np.sort(self._block[1])

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "gate": self.gate.state(),
            "blocks": self._blocks.state(),
            "block": [times.tolist() for times in self._block],
            "users": self._users.state(),
            "sums": [self.candidate, self.champion, self.compared],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this series")
        self.gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._block = (np.array(state["block"][0], dtype=np.float64), np.array(state["block"][1], dtype=np.float64))
        self._users.restore(state["users"])
        self.candidate, self.champion, self.compared = state["sums"]
        return self


def _with(block: tuple[Floats, Floats], events: Events, bounds: slice) -> tuple[Floats, Floats]:
    """A block with some more events."""
    mine, value = events.mine[bounds], events.value[bounds]
    return np.concatenate([block[0], value[mine]]), np.concatenate([block[1], value[~mine]])


def _median_and_p99(counts: Ints) -> tuple[float, float]:
    return (quantile(counts, 0.5), quantile(counts, 0.99)) if counts.sum() else (math.nan, math.nan)
