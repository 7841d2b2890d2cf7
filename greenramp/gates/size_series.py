"""One gate's numeric errors as their labels come in, batch by batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.blocks import Blocks
from greenramp.gates.events import Events
from greenramp.gates.histogram import BINS, counted, quantile
from greenramp.gates.likelihood import Floats
from greenramp.gates.mean_gate import MeanGate
from greenramp.gates.users import Users

VERSION = 2

_CLIP, _CLIP_KNOWN = 0.999, 1000


class SizeSeries:
    """Sizes of errors of both sides; a user counts once (see RateSeries).

    A size counts for no more than what 99.9 % of the champion's earlier ones stayed below, so that one wild number
    decides nothing.
    """

    def __init__(self, margin: float) -> None:
        self.gate = MeanGate(margin)
        self._blocks = Blocks(1.0)
        self._block: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self._users = Users()
        self._past = np.zeros(BINS, dtype=np.int64)
        self._unit = 0.0  # the first sizes' mean: errors have any scale
        self.candidate = self.champion = self.compared = 0
        self.totals = [0.0, 0.0]

    def add(self, events: Events) -> None:
        """Take in sizes of errors, finite and at least 0."""
        events = events.only(self._users.first(events.user))
        if not len(events):
            return
        cut = self._blocks.cut(events.share, events.ts)
        for number in range(cut.shares.size):
            if number:
                self._close()
            mine, value = events.mine[cut.bounds(number)], events.value[cut.bounds(number)]
            self._block = (np.append(self._block[0], value[mine]), np.append(self._block[1], value[~mine]))
        mine, shared = events.mine, (events.share > 0) & (events.share < 1)
        for side, value in enumerate((events.value[mine], events.value[~mine])):
            self.totals[side] = float(np.cumsum(np.append(self.totals[side], value))[-1])  # one after the other
        self.candidate += int(mine.sum())
        self.champion += int((~mine).sum())
        self.compared += int((mine & shared).sum())

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
        self._block = (np.empty(0), np.empty(0))

    @property
    def _sizes(self) -> tuple[Floats, Floats]:
        """Of the block, clipped, and sorted so that the order inside a block changes not even the last bit."""
        most = quantile(self._past, _CLIP) * self._unit if self._past.sum() >= _CLIP_KNOWN else np.inf
        mine, theirs = (np.sort(np.minimum(sizes, most)) for sizes in self._block)
        return mine, theirs

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "gate": self.gate.state(),
            "blocks": self._blocks.state(),
            "block": [sizes.tolist() for sizes in self._block],
            "users": self._users.state(),
            "past": self._past.tolist(),
            "unit": self._unit,
            "sums": [self.candidate, self.champion, self.compared],
            "totals": list(self.totals),
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this series")
        self.gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._block = (np.array(state["block"][0], dtype=np.float64), np.array(state["block"][1], dtype=np.float64))
        self._users.restore(state["users"])
        self._unit = state["unit"]
        self._past = np.array(state["past"], dtype=np.int64)
        self.candidate, self.champion, self.compared = state["sums"]
        self.totals = list(state["totals"])
        return self


def _batch(mine: Floats, theirs: Floats) -> tuple[int, int, float, float, float]:
    """Sizes, means, and squares about each side's mean."""
    mean1, mean0 = (float(sizes.mean()) if sizes.size else 0.0 for sizes in (mine, theirs))
    squares = float(((mine - mean1) ** 2).sum() + ((theirs - mean0) ** 2).sum())
    return mine.size, theirs.size, mean1, mean0, squares
