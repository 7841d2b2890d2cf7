"""One gate's numeric errors as their labels come in, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.blocks import Blocks
from greenramp.gates.histogram import BINS, counted, quantile
from greenramp.gates.likelihood import Floats
from greenramp.gates.mean_gate import MeanGate

_CLIP, _CLIP_KNOWN = 0.999, 1000


class SizeSeries:
    """Sizes of errors of both sides; a user counts once (see RateSeries).

    A size counts for no more than what 99.9 % of the champion's earlier ones stayed below, so that one wild number
    decides nothing.
    """

    def __init__(self, margin: float) -> None:
        self.gate = MeanGate(margin)
        self._blocks = Blocks(1.0)
        self._block: tuple[list[float], list[float]] = ([], [])
        self._users: set[str] = set()
        self._past = np.zeros(BINS, dtype=np.int64)
        self._unit = 0.0  # the first sizes' mean: errors have any scale
        self.candidate = self.champion = self.compared = 0
        self.totals = [0.0, 0.0]

    def add(self, share: float, mine: bool, size: float, user: str = "") -> None:
        """Take in one error's size, finite and at least 0."""
        if user and user in self._users:
            return
        if user:
            self._users.add(user)
        if self._blocks.done(share):
            self._close()
            self._blocks.begin(share, 0.0)
        self._blocks.count()
        side = 0 if mine else 1
        self._block[side].append(size)
        self.totals[side] += size
        self.candidate += mine
        self.champion += not mine
        self.compared += mine and 0 < share < 1

    def log_odds(self) -> tuple[float, float]:
        """Evidence (natural logs) that the candidate's mean is larger, and that it is not by the margin."""
        against, within = self.gate.log_odds(_batch(*self._sizes))
        return float(against), float(within)

    def _close(self) -> None:
        mine, theirs = self._sizes
        if mine.size and theirs.size:
            self.gate.update(*_batch(mine, theirs))
        if not self._unit and (mine.size or theirs.size):
            self._unit = float(np.concatenate([mine, theirs]).mean())
        if self._unit:
            with np.errstate(over="ignore"):
                self._past += counted(theirs / self._unit)
        self._block = ([], [])

    @property
    def _sizes(self) -> tuple[Floats, Floats]:
        """Of the block, clipped, and sorted so that the order inside a block changes not even the last bit."""
        most = quantile(self._past, _CLIP) * self._unit if self._past.sum() >= _CLIP_KNOWN else np.inf
        mine, theirs = (np.sort(np.minimum(np.array(sizes, dtype=np.float64), most)) for sizes in self._block)
        return mine, theirs

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "gate": self.gate.state(),
            "blocks": self._blocks.state(),
            "block": [list(sizes) for sizes in self._block],
            "users": sorted(self._users),
            "past": self._past.tolist(),
            "unit": self._unit,
            "sums": [self.candidate, self.champion, self.compared],
            "totals": self.totals,
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        self.gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._block = (list(state["block"][0]), list(state["block"][1]))
        self._users, self._unit = set(state["users"]), state["unit"]
        self._past = np.array(state["past"], dtype=np.int64)
        self.candidate, self.champion, self.compared = state["sums"]
        self.totals = list(state["totals"])
        return self


def _batch(mine: Floats, theirs: Floats) -> tuple[int, int, float, float, float]:
    """Sizes, means, and squares about each side's mean."""
    mean1, mean0 = (float(sizes.mean()) if sizes.size else 0.0 for sizes in (mine, theirs))
    squares = float(((mine - mean1) ** 2).sum() + ((theirs - mean0) ** 2).sum())
    return mine.size, theirs.size, mean1, mean0, squares
