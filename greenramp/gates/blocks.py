"""Where one block of events ends and the next begins: by the events themselves, never by how they are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

BLOCK_EVENTS = 100


class Blocks:
    """Cuts events into blocks of BLOCK_EVENTS, and wherever the share changes.

    half_life_seconds: of the time at which harm that begins late begins; a planned step's length.
    hazard: chance that it began between the last block and this one.
    """

    def __init__(self, half_life_seconds: float) -> None:
        if not half_life_seconds > 0:
            raise ValueError(f"half_life_seconds must be above 0, not {half_life_seconds}")
        self._half_life = half_life_seconds
        self._share = math.nan
        self._events = 0
        self._began: float | None = None
        self.hazard = 0.0

    def done(self, share: float) -> bool:
        """Whether an event of this share belongs to a new block."""
        return self._events >= BLOCK_EVENTS or share != self._share

    def begin(self, share: float, ts: float) -> None:
        """Begin a block with an event of this moment."""
        before = ts if self._began is None else self._began
        passed = ts - before if math.isfinite(ts - before) else 0.0
        self._began = max(before, ts) if math.isfinite(ts) else self._began
        self.hazard = min(1 - 2 ** (-max(passed, 0.0) / self._half_life), 0.5)
        self._share, self._events = share, 0

    def count(self) -> None:
        """One more event of this block."""
        self._events += 1

    @property
    def share(self) -> float:
        """The share of this block; not a number before the first."""
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
