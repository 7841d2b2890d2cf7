"""Does the router share as it was told? A sequential test for a sample ratio mismatch (SRM)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from greenramp.gates.blocks import Blocks
from greenramp.gates.rate_gate import Counts, Harm, RateGate

MARGIN, ALPHA = 0.02, 0.001


class ShareSeries:
    """Whose each draw was, against the share the router logged with it; O(1) per draw.

    A draw is a user's first request, or a request without a user: all further requests of a user follow the first.
    """

    def __init__(self, half_life_seconds: float) -> None:
        self._gate = RateGate(MARGIN, Harm.EITHER)
        self._blocks = Blocks(half_life_seconds)
        self._block = [0, 0]
        self._users: set[str] = set()
        self.draws = self.candidate = 0
        self.expected = 0.0

    def add(self, share: float, mine: bool, ts: float = 0.0, user: str = "") -> None:
        """Take in one request."""
        if not 0 < share < 1 or (user and user in self._users):
            return
        if user:
            self._users.add(user)
        if self._blocks.done(share):
            if self.draws:
                self._gate.update(self._counted, self._blocks.hazard)
            self._block = [0, 0]
            self._blocks.begin(share, ts)
        self._blocks.count()
        self._block[0 if mine else 1] += 1
        self.draws += 1
        self.candidate += mine
        self.expected += share

    def log_against(self) -> float:
        """Evidence (natural log) that the share is another one than the router logs."""
        return float(self._gate.log_against(self._counted, self._blocks.hazard)) if self.draws else 0.0

    @property
    def _counted(self) -> Counts:
        return Counts(self._blocks.share, *self._block, *self._block)  # here every draw is an event

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "gate": self._gate.state(),
            "blocks": self._blocks.state(),
            "block": self._block,
            "users": sorted(self._users),
            "sums": [self.draws, self.candidate, self.expected],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        self._gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._block, self._users = list(state["block"]), set(state["users"])
        self.draws, self.candidate, self.expected = state["sums"]
        return self
