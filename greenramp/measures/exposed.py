"""How many of the users' requests the candidate was given: in the whole release, and in its present step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from greenramp.gates.events import Bools, Ints


class Exposed:
    """Counts requests, batch by batch.

    requests: that the candidate was given. step: its requests and all, since the step of `generation` began.
    """

    def __init__(self, generation: int) -> None:
        self._generation = generation
        self.requests = 0
        self.step = (0, 0)

    def add(self, mine: Bools, generations: Ints) -> None:
        """Count a batch. mine: whether the candidate was given a request; generations: of the traffic record then."""
        now = generations >= self._generation
        self.requests += int(mine.sum())
        self.step = (self.step[0] + int((mine & now).sum()), self.step[1] + int(now.sum()))

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {"generation": self._generation, "requests": self.requests, "step": list(self.step)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; what was counted for another step does not count for this one."""
        mine, of = state["step"]
        self.requests = state["requests"]
        self.step = (mine, of) if state["generation"] == self._generation else (0, 0)
