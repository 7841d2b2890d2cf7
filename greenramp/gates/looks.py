"""What a comparison needs that is told only sums, look by look: how late it is, and how its next block bets."""

from __future__ import annotations

import math

from greenramp.gates.rate_series import OWN_DRAWS

BLOCK_EVENTS = 20
"""Looks with fewer events are put together: what a look tells is lost where all its events are on one side."""

_KNOWN = 100
_MOST = 0.97


class Clock:
    """How likely it is that harm began between one block and the next.

    half_life_seconds: of the time at which harm that begins late begins; a planned step's length.
    """

    def __init__(self, half_life_seconds: float, began: float | None = None) -> None:
        if not half_life_seconds > 0:
            raise ValueError(f"half_life_seconds must be above 0, not {half_life_seconds}")
        self._half_life = half_life_seconds
        self.began = began

    def hazard(self, ts: float) -> float:
        """Of the block that ends at this moment, in seconds; time that goes back, or is none, stands still."""
        if not math.isfinite(ts):
            return 0.0
        passed = 0.0 if self.began is None else max(ts - self.began, 0.0)
        self.began = ts if self.began is None else max(self.began, ts)
        return min(1 - 2 ** (-passed / self._half_life), 0.5)


def base_rate_of(bad: int, seen: int) -> float | None:
    """How the next block bets, from all before it: None on bad events alone, a rate on every outcome (see Counts)."""
    rate = bad / seen if seen >= _KNOWN else 0.0
    return min(rate, _MOST) if rate >= OWN_DRAWS else None
