"""Which labels should have come by now, which have not, and whether one side lacks more of them than the other."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates import RateSeries
from greenramp.gates.events import Events
from greenramp.gates.rate_gate import Harm
from greenramp.gates.wording import odds
from greenramp.measures.joining import Asked, Joining, Waiting

MARGIN, ALPHA = 0.2, 0.001
"""What makes labels of the two sides unequal: one misses a fifth more of them; and the chance to say so falsely."""

VERSION = 1


class LabelsDue:
    """The labels of one gate. window: how long one is waited for, in seconds of the requests' clock.

    A label is due when its request is older than the window: before that it is neither there nor missing. Whether it is
    missing is found out once, at the first look after that. Of a user with a key only the first missing label counts.
    A gate that compares answers with labels is worth nothing when labels come for one side rather than for the other.
    bit: marks in an entry that this gate gave its label up.
    """

    def __init__(self, window: float, half_life_seconds: float, bit: int) -> None:
        self._window = window
        self._bit = bit
        self._now = -math.inf
        self._waiting: deque[tuple[str, Waiting]] = deque()
        self._missing = RateSeries(MARGIN, half_life_seconds, harm=Harm.EITHER)
        self._counts = np.zeros((2, 2), dtype=np.int64)  # candidate, champion: due, missing

    def asked(self, request_id: str, entry: Waiting) -> None:
        """A request was answered; a label is due when the window is over."""
        if entry.request is not None and not entry.missed & self._bit:
            self._now = max(self._now, entry.request.ts)
            self._waiting.append((request_id, entry))

    def came(self, entry: Waiting) -> None:
        """A label came; late is better than never."""
        if entry.request is not None and entry.missed & self._bit:
            entry.missed &= ~self._bit
            self._counts[0 if entry.request.mine else 1, 1] -= 1

    def settle(self) -> None:
        """Find out what is missing now."""
        due: list[tuple[Asked, bool]] = []
        while self._waiting:
            entry = self._waiting[0][1]
            if not entry.forgotten and entry.request and not self._now - entry.request.ts > self._window:
                break
            self._waiting.popleft()
            if entry.request and not entry.forgotten:  # of what was let go nobody knows whether its label came
                due.append((entry.request, not entry.labelled))
                entry.missed |= 0 if entry.labelled else self._bit
        for request, missing in due:
            self._counts[0 if request.mine else 1] += (1, missing)
        if due:
            self._missing.add(Events.of([(r.share, r.mine, missing, r.ts, r.user) for r, missing in due]))

    @property
    def note(self) -> str:
        """How many of the candidate's labels are missing, in words."""
        due, missing = self._counts[0].tolist()
        return f"{missing:,} of {due:,} labels did not come within {self._window:g} s" if due else ""

    @property
    def numbers(self) -> dict[str, float]:
        """The same of both sides as values."""
        numbers: dict[str, float] = {}
        for side, (due, missing) in zip(("", "champion_"), self._counts.tolist(), strict=True):
            numbers |= {f"{side}labels_due": due, f"{side}labels_missing": missing} if due else {}
        return numbers

    @property
    def loss(self) -> str:
        """That labels are missing unequally, in words; empty while that is not shown."""
        against = self._missing.log_against()
        if against < -math.log(ALPHA):
            return ""
        (due, missing), (champions_due, champions_missing) = self._counts.tolist()
        return (
            f"labels are missing unequally: {missing:,} of the candidate's {due:,}, "
            f"{champions_missing:,} of the champion's {champions_due:,}; evidence of that {odds(against)}, "
            f"invalid from {odds(-math.log(ALPHA))}"
        )

    def state(self, joining: Joining) -> dict[str, Any]:
        """Plain data to go on from; what `joining` keeps anyway is only named."""
        waiting = [[name] if joining.find(name) is entry else [name, entry.state()] for name, entry in self._waiting]
        return {
            "v": VERSION,
            "now": self._now if math.isfinite(self._now) else None,
            "waiting": waiting,
            "missing": self._missing.state(),
            "counts": self._counts.tolist(),
        }

    def restore(self, state: Mapping[str, Any], joining: Joining) -> Self:
        """Go on from a state, with the joining that was restored before."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of these labels")
        self._now = -math.inf if state["now"] is None else state["now"]
        self._waiting = deque(
            (name, Waiting.of(kept[0]) if kept else _kept(joining, name)) for name, *kept in state["waiting"]
        )
        self._missing.restore(state["missing"])
        self._counts = np.array(state["counts"], dtype=np.int64)
        return self


def _kept(joining: Joining, name: str) -> Waiting:
    if (entry := joining.find(name)) is None:
        raise ValueError(f"nothing waits for {name}")
    return entry
