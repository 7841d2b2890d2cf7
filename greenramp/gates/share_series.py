"""Does the router share as it was told? A sequential test for a sample ratio mismatch (SRM)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.blocks import Blocks
from greenramp.gates.events import Events, Ints
from greenramp.gates.rate_gate import Counts, Harm, RateGate
from greenramp.gates.users import Users

MARGIN, ALPHA = 0.02, 0.001
VERSION = 2


class ShareSeries:
    """Whose each draw was, against the share the router logged with it.

    A draw is a user's first request, or a request without a user: all further requests of a user follow the first.
    """

    def __init__(self, half_life_seconds: float) -> None:
        self._gate = RateGate(MARGIN, Harm.EITHER)
        self._blocks = Blocks(half_life_seconds)
        self._block: Ints = np.zeros(2, dtype=np.int64)
        self._users = Users()
        self._draws: dict[float, int] = {}
        self.candidate = 0

    def add(self, events: Events) -> None:
        """Take in requests; their values say nothing here."""
        events = events.only((events.share > 0) & (events.share < 1))
        events = events.only(self._users.first(events.user))
        if not len(events):
            return
        cut = self._blocks.cut(events.share, events.ts)
        blocks = np.stack([cut.sums(events.mine), cut.sums(~events.mine)], axis=1)
        for share, draws in zip(cut.shares.tolist(), blocks.sum(axis=1).tolist(), strict=True):
            if draws:
                self._draws[share] = self._draws.get(share, 0) + draws
        self.candidate += int(events.mine.sum())
        blocks[0] += self._block
        self._block = blocks[-1]
        if done := cut.done:
            which = slice(done.start, done.stop)
            every = np.tile(blocks[which], 2)  # here every draw is an event
            self._gate.update_many(cut.shares[which], every, np.full(len(done), math.nan), cut.hazards[which])

    @property
    def draws(self) -> int:
        """How many there were."""
        return sum(self._draws.values())

    @property
    def expected(self) -> float:
        """How many of them should have been the candidate's, on average."""
        return math.fsum(share * draws for share, draws in self._draws.items())

    def log_against(self) -> float:
        """Evidence (natural log) that the share is another one than the router logs."""
        if not self._draws:
            return 0.0
        block = self._block.tolist()
        return float(self._gate.log_against(Counts(self._blocks.share, *block, *block), self._blocks.hazard))

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "gate": self._gate.state(),
            "blocks": self._blocks.state(),
            "block": self._block.tolist(),
            "users": self._users.state(),
            "draws": [list(item) for item in self._draws.items()],
            "candidate": self.candidate,
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this series")
        self._gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._block = np.array(state["block"], dtype=np.int64)
        self._users.restore(state["users"])
        self._draws = dict(state["draws"])
        self.candidate = state["candidate"]
        return self
