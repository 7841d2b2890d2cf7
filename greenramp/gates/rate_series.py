"""One gate's counted outcomes as they come in: sums to read, and blocks for the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from greenramp.evidence import Evidence, Stratum
from greenramp.gates.blocks import Blocks
from greenramp.gates.rate_gate import RESERVE, Counts, RateGate

COMMON = 0.1
"""From this rate of bad outcomes on, the good ones are bet on, too: it finds harm with up to half the requests."""

VERSION = 1
_KNOWN = 100
_MOST = 0.97


class RateSeries:
    """Good and bad outcomes of both sides in the order the router sent them; O(1) per outcome.

    A user counts until their first bad outcome. In the bets a user stands once, since which side a user is on is
    drawn only once: with the first bad outcome, or, where bad outcomes are common, with one outcome of any kind.
    Whether they are common is decided by the blocks before. user "": each outcome is an own draw.
    """

    def __init__(
        self, margin: float | None, half_life_seconds: float, reserve: float = RESERVE, hint: float | None = None
    ) -> None:
        self.gate = None if margin is None else RateGate(margin, reserve=reserve, hint=hint)
        self._blocks = Blocks(half_life_seconds)
        self._counts: dict[float, list[int]] = {}
        self._block = [0, 0, 0, 0]
        self._base_rate: float | None = None
        self._seen = self._bad = 0
        self._bad_users: set[str] = set()
        self._bet_users: set[str] = set()

    def add(self, share: float, mine: bool, bad: bool, ts: float = 0.0, user: str = "") -> bool:
        """Count one outcome; False when its user does not count any more."""
        if user and user in self._bad_users:
            return False
        if self._blocks.done(share):
            self._close()
            self._blocks.begin(share, ts)
        self._blocks.count()
        side = 0 if mine else 1  # in the order of Stratum's fields
        counts = self._counts.setdefault(share, [0, 0, 0, 0])
        counts[side] += 1
        counts[side + 2] += bad
        self._seen += 1
        self._bad += bad
        if (bad or self._base_rate is not None) and not (user and user in self._bet_users):
            self._block[side] += 1
            self._block[side + 2] += bad
            if user and not bad:
                self._bet_users.add(user)
        if user and bad:
            self._bad_users.add(user)
        return True

    @property
    def evidence(self) -> Evidence:
        """The sums."""
        return Evidence(tuple(Stratum(share, *counts) for share, counts in self._counts.items()))

    def log_against(self) -> float:
        """Evidence of harm, natural log, at this very outcome."""
        return float(self.gate.log_against(self._counted, self._blocks.hazard)) if self.gate else 0.0

    def log_for(self) -> float:
        """Evidence of less harm than the margin, natural log."""
        return float(self.gate.log_for(self._counted)) if self.gate else 0.0

    @property
    def _counted(self) -> Counts | None:
        if not self._counts:
            return None
        candidate, champion, candidate_bad, champion_bad = self._block
        return Counts(self._blocks.share, candidate, champion, candidate_bad, champion_bad, self._base_rate)

    def _close(self) -> None:
        """Take in the block that is done, and choose how the next one bets."""
        if self.gate and (block := self._counted):
            self.gate.update(block, self._blocks.hazard)
        rate = self._bad / self._seen if self._seen >= _KNOWN else 0.0
        self._base_rate = min(rate, _MOST) if rate >= COMMON else None
        self._block = [0, 0, 0, 0]

    def state(self) -> dict[str, Any]:
        """Plain data to go on from, also after a way through JSON; bit for bit."""
        return {
            "v": VERSION,
            "gate": self.gate.state() if self.gate else None,
            "blocks": self._blocks.state(),
            "counts": [[share, *counts] for share, counts in self._counts.items()],
            "block": self._block,
            "base_rate": self._base_rate,
            "bad_users": sorted(self._bad_users),
            "bet_users": sorted(self._bet_users),
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        if state["v"] != VERSION or (state["gate"] is None) != (self.gate is None):
            raise ValueError(f"a state of version {state['v']} is none of this series")
        if self.gate:
            self.gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._counts = {share: list(counts) for share, *counts in state["counts"]}
        self._seen = sum(counts[0] + counts[1] for counts in self._counts.values())
        self._bad = sum(counts[2] + counts[3] for counts in self._counts.values())
        self._block, self._base_rate = list(state["block"]), state["base_rate"]
        self._bad_users, self._bet_users = set(state["bad_users"]), set(state["bet_users"])
        return self
