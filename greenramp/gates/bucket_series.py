"""One gate's times from a histogram outside: how many of each side took longer than a few of the bounds.

Four comparisons of rates, at the bounds nearest the champion's 50 %, 90 %, 99 % and 99.9 % quantiles, each with a
quarter of the stake. Which bounds these are is read from the champion's counts of the batches before, so it is fixed
before a batch is seen. While the candidate is not slower at any quantile, it exceeds every bound no more often than the
champion; then each factor has a mean of at most 1 given all batches before (see CountSeries), whichever bound was
chosen, and so has the mean of the four products: a supermartingale; it reaches 1/alpha with a chance of at most alpha.
Bounds that one side lacks are left out: the counts up to the others stay right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from greenramp.gates.histogram import Ints
from greenramp.gates.likelihood import Floats
from greenramp.gates.looks import BLOCK_EVENTS, Clock, base_rate_of
from greenramp.gates.measures import Invalid
from greenramp.gates.mixture import Mixture
from greenramp.gates.rate_gate import RESERVE, Counts, RateGate, log_bets

MARGIN = 0.25
"""A quarter more answers beyond a bound is the least harm that is bet on."""

QUANTILES = ((0.5, 50), (0.9, 50), (0.99, 200), (0.999, 1000))
"""Of the champion, and how many of its answers have to be known first."""

VERSION = 1


class BucketSeries:
    """Histograms of both sides, look by look; O(bounds) per look. The evidence moves only when a block is full."""

    def __init__(self, half_life_seconds: float, reserve: float = RESERVE) -> None:
        self._points = RateGate(MARGIN).harmful
        weights = np.full(len(QUANTILES) * self._points.size, 1.0)
        self._against = Mixture(weights, reserve)
        self._clock = Clock(half_life_seconds)
        self._bounds: tuple[float, ...] = ()
        self._past: Ints = np.zeros((2, 0), dtype=np.int64)  # rows: candidate, champion
        self._block: Ints = np.zeros((2, 0), dtype=np.int64)
        self._split = 0.0
        self.compared = 0

    def add(
        self,
        bounds: Sequence[float],
        candidate: Sequence[int],
        champion: Sequence[int],
        ts: float = 0.0,
        split: float = 0.0,
    ) -> Invalid | None:
        """Count what came between two looks, the later one at ts, in seconds.

        bounds: upper bounds in ms, rising, the last one infinite. candidate, champion: counts per bucket.
        split: any number that tells the splits of the release apart; looks at different ones are never put together.
        Returns what is wrong with a batch that can't be taken in.
        """
        if words := _wrong(bounds, candidate, champion):
            return Invalid(words)
        if split != self._split:
            self._close(ts)
        self._split = split
        common = [bound for bound in bounds if bound in self._bounds] if self._bounds else list(bounds)
        if len(common) < 2:
            return Invalid(f"bounds {_listed(bounds)}, none of which is among those before, {_listed(self._bounds)}")
        new = _merged(np.array([candidate, champion], dtype=np.int64), bounds, common)
        self._past = _merged(self._past, self._bounds, common)
        self._block = _merged(self._block, self._bounds, common) + new
        self._bounds = tuple(common)
        if self._block.sum() >= BLOCK_EVENTS:
            self._close(ts)
        return None

    def _close(self, ts: float) -> None:
        """Take the block in."""
        if events := int(self._block.sum()):
            share = int(self._block[0].sum()) / events
            self._against.update(self._bets(share), self._clock.hazard(ts))
            self.compared += int(self._block[0].sum()) if 0 < share < 1 else 0
        self._past = self._past + self._block
        self._block = np.zeros_like(self._block)

    def _bets(self, share: float) -> Floats:
        """Log of what each stake is worth after the block."""
        theirs, both = self._past[1], self._past.sum(axis=0)
        known, bets = int(theirs.sum()), []
        for part, needed in QUANTILES:
            if known < needed:
                bets.append(np.zeros(self._points.size))
                continue
            upto = _nearest(theirs, 1 - part) + 1
            base = base_rate_of(int(both[upto:].sum()), int(both.sum()))
            n1, n0 = (int(side.sum()) for side in self._block)
            bad1, bad0 = (int(side[upto:].sum()) for side in self._block)
            bets.append(log_bets(self._points, 0.0, Counts(share, n1, n0, bad1, bad0, base)))
        return np.concatenate(bets)

    def log_against(self) -> float:
        """Evidence (natural log) that the candidate is slower."""
        return float(self._against.log_value())

    @property
    def candidate(self) -> int:
        """The candidate's answers."""
        return int(self._past[0].sum() + self._block[0].sum())

    @property
    def champion(self) -> int:
        """The champion's answers."""
        return int(self._past[1].sum() + self._block[1].sum())

    @property
    def quantiles(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Median and 99 % quantile of each side in ms: bounds that they do not exceed, infinite beyond the last."""
        mine, theirs = self._past + self._block
        return (self._upto(mine, 0.5), self._upto(mine, 0.99)), (self._upto(theirs, 0.5), self._upto(theirs, 0.99))

    @property
    def last_bound(self) -> float:
        """The largest finite bound in ms."""
        return self._bounds[-2] if self._bounds else math.nan

    def _upto(self, counts: Ints, part: float) -> float:
        if not counts.sum():
            return math.nan
        return self._bounds[int(np.searchsorted(np.cumsum(counts), part * counts.sum()))]

    def state(self) -> dict[str, Any]:
        """Plain data to go on from, also after a way through JSON; bit for bit."""
        return {
            "v": VERSION,
            "against": self._against.state(),
            "began": self._clock.began,
            "bounds": list(self._bounds[:-1]),
            "past": self._past.tolist(),
            "block": self._block.tolist(),
            "split": self._split,
            "compared": self.compared,
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this series")
        self._against.restore(state["against"])
        self._clock.began = state["began"]
        self._bounds = (*state["bounds"], math.inf) if state["bounds"] else ()
        self._past, self._block = (np.array(state[key], dtype=np.int64) for key in ("past", "block"))
        self._split, self.compared = state["split"], state["compared"]
        return self


def _wrong(bounds: Sequence[float], candidate: Sequence[int], champion: Sequence[int]) -> str:
    if len(bounds) < 2 or not all(a < b for a, b in pairwise(bounds)) or bounds[-1] != math.inf:
        return f"bounds {_listed(bounds)}; wanted rising ones, the last infinite, and a finite one before it"
    if len(candidate) != len(bounds) or len(champion) != len(bounds):
        return f"counts of {len(candidate)} and {len(champion)} buckets for {len(bounds)} bounds"
    least = min(*candidate, *champion)
    return f"a bucket with {least} answers" if least < 0 else ""


def _listed(bounds: Sequence[float]) -> str:
    return ", ".join(f"{bound:g}" for bound in bounds[:6]) + (", ..." if len(bounds) > 6 else "") + " ms"


def _merged(counts: Ints, bounds: Sequence[float], fewer: Sequence[float]) -> Ints:
    """Counts per bucket of fewer bounds; the last bound is always kept."""
    if not bounds:
        return np.zeros((2, len(fewer)), dtype=np.int64)
    upto = np.cumsum(counts, axis=1)[:, [list(bounds).index(bound) for bound in fewer]]
    return np.diff(upto, axis=1, prepend=0)


def _nearest(counts: Ints, beyond: float) -> int:
    """The finite bound that a part of the counts nearest to `beyond` lies above; nearest by ratio."""
    above = (counts.sum() - np.cumsum(counts)[:-1] + 0.5) / (counts.sum() + 1)
    return int(np.argmin(np.abs(np.log(above / beyond))))
