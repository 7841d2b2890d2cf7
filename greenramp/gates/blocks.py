"""Where one block of events ends and the next begins: by the events themselves, never by how they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from greenramp.gates.events import Ints
from greenramp.gates.likelihood import Floats

BLOCK_EVENTS = 100


@dataclass(frozen=True)
class Cut:
    """Some events cut into blocks. Block 0 is the one that was open; events may go on with it. The last stays open.

    begins: place of the first event of each block that begins here. number: each event's block.
    shares, hazards: of all blocks; a share that is not a number means that block 0 never began.
    """

    begins: Ints
    number: Ints
    shares: Floats
    hazards: Floats

    @property
    def done(self) -> range:
        """Numbers of the blocks that are full now."""
        return range(int(math.isnan(self.shares[0])), self.begins.size)

    def bounds(self, number: int) -> slice:
        """Which of the events are in a block."""
        start = int(self.begins[number - 1]) if number else 0
        return slice(start, int(self.begins[number]) if number < self.begins.size else self.number.size)

    def sums(self, wanted: Any) -> Ints:
        """How many of each block's events are wanted."""
        return np.bincount(self.number[wanted], minlength=self.shares.size)


class Blocks:
    """Cuts events into blocks of BLOCK_EVENTS, and wherever the share changes.

    half_life_seconds: of the time at which harm that begins late begins; a planned step's length.
    hazard: of the open block: the chance that it began between the last block and this one.
    """

    def __init__(self, half_life_seconds: float) -> None:
        if not half_life_seconds > 0:
            raise ValueError(f"half_life_seconds must be above 0, not {half_life_seconds}")
        self._half_life = half_life_seconds
        self._share = math.nan
        self._events = 0
        self._began: float | None = None
        self.hazard = 0.0

    def cut(self, share: Floats, ts: Floats) -> Cut:
        """Cut the next events, of these shares and moments."""
        changes = np.flatnonzero(np.concatenate([[self._share], share[:-1]]) != share).tolist()
        begins = [np.arange(-self._events % BLOCK_EVENTS, changes[0] if changes else share.size, BLOCK_EVENTS)]
        for start, end in pairwise([*changes, share.size]):
            begins.append(np.arange(start, end, BLOCK_EVENTS))
        begin = np.concatenate(begins)
        shares, hazards = [self._share], [self.hazard]
        shares += share[begin].tolist()
        hazards += self._hazards(ts[begin])
        self._share, self.hazard = shares[-1], hazards[-1]
        number = np.zeros(share.size, dtype=np.int64)
        number[begin] = 1
        self._events = share.size - int(begin[-1]) if begin.size else self._events + share.size
        return Cut(begin, np.cumsum(number), np.array(shares), np.array(hazards))

    def _hazards(self, ts: Floats) -> list[float]:
        """Of blocks that begin with events of these moments, one after the other."""
        before = -math.inf if self._began is None else self._began
        began = np.maximum.accumulate(np.concatenate([[before], np.where(np.isfinite(ts), ts, -math.inf)]))
        self._began = float(began[-1]) if math.isfinite(began[-1]) else None
        with np.errstate(invalid="ignore"):
            passed = ts - began[:-1]
        passed = np.where(np.isfinite(passed), np.maximum(passed, 0.0), 0.0)
        return [min(1 - 2 ** (-seconds / self._half_life), 0.5) for seconds in passed.tolist()]

    @property
    def share(self) -> float:
        """The share of the open block; not a number before the first."""
        return self._share

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        share = None if math.isnan(self._share) else self._share
        return {"share": share, "events": self._events, "began": self._began, "hazard": self.hazard}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        self._share = math.nan if state["share"] is None else state["share"]
        self._events, self._began, self.hazard = state["events"], state["began"], state["hazard"]
        return self
