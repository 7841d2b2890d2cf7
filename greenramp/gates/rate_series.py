"""One gate's counted outcomes as they come in: sums to read, and blocks for the comparison."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.blocks import Blocks, Cut
from greenramp.gates.events import Bools, Events, Ints, Numbers
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.gates.likelihood import Floats
from greenramp.gates.rate_gate import RESERVE, Counts, Harm, RateGate
from greenramp.gates.users import Users, first_of_each

COMMON = 0.1
"""From this rate of bad outcomes on, the good ones are bet on, too: it finds harm with up to half the requests."""

OWN_DRAWS = 0.02
"""The same while no outcome had a user: a good one then uses no user up, and knowing it saves its share of requests."""

VERSION = 3
_KNOWN = 100
_MOST = 0.97
_MARKS = 1 << 16


class RateSeries:
    """Good and bad outcomes of both sides in the order the router sent them; the same however they are cut into parts.

    A user counts until their first bad outcome. In the bets a user stands once, since which side a user is on is
    drawn only once: with the first bad outcome, or, where bad outcomes are common, with one outcome of any kind.
    Whether they are common is decided by the blocks before. Without a user each outcome is an own draw, and they are
    common sooner. bad_alone: others are never bet on, since nobody tells of all of them.
    """

    def __init__(
        self,
        margin: float | None,
        half_life_seconds: float,
        reserve: float = RESERVE,
        hint: float | None = None,
        harm: Harm = Harm.UP,
        *,
        bad_alone: bool = False,
    ) -> None:
        self.gate = None if margin is None else RateGate(margin, harm, reserve=reserve, hint=hint)
        self._blocks = Blocks(half_life_seconds)
        self._counts: dict[float, Ints] = {}
        self._block: Ints = np.zeros(4, dtype=np.int64)
        self._base_rate = math.nan  # nan: bad ones alone are bet on
        self._bad_alone = bad_alone
        self._seen = self._bad = 0
        self._named = False
        self._bad_users, self._bet_users = Users(), Users()

    def add(self, events: Events) -> Bools:
        """Count outcomes, whose values say whether they are bad; which of them counted: not those of users done."""
        bad = events.value.astype(bool)
        counted = self._still_count(events.user, bad)
        events = events.only(counted)
        bad, mine = events.value.astype(bool), events.mine
        if not len(events):
            return counted
        cut = self._blocks.cut(events.share, events.ts)
        self._sum_up(cut, _four(cut, mine, bad))
        before = np.concatenate([[0], np.cumsum(bad)])[cut.begins]
        named = self._named | np.concatenate([[False], np.maximum.accumulate(events.user != 0)])
        rates = _base_rates(self._seen + cut.begins, self._bad + before, named[cut.begins])
        rates = np.full(len(rates), math.nan) if self._bad_alone else rates
        base_rates = np.concatenate([[self._base_rate], rates])
        self._seen, self._bad, self._named = self._seen + len(events), self._bad + int(bad.sum()), bool(named[-1])
        bet = self._bets(events.user, bad, ~np.isnan(base_rates)[cut.number])
        blocks = _four(cut, mine, bad, bet)
        blocks[0] += self._block
        self._block, self._base_rate = blocks[-1], float(base_rates[-1])
        if self.gate and (done := cut.done):
            which = slice(done.start, done.stop)
            self.gate.update_many(cut.shares[which], blocks[which], base_rates[which], cut.hazards[which])
        return counted

    def _still_count(self, users: Numbers, bad: Bools) -> Bools:
        """Whether an outcome's user has had no bad one before; then takes the bad ones in."""
        counted = ~self._bad_users.have(users)
        named = np.flatnonzero(bad & counted & (users != 0))
        if named.size:
            new, first = np.unique(users[named], return_index=True)
            self._bad_users.add(new)
            again = np.flatnonzero(counted & _perhaps_in(users, new))
            again = again[self._bad_users.have(users[again])]
            counted[again] = again <= named[first][np.searchsorted(new, users[again])]
        return counted

    def _bets(self, users: Numbers, bad: Bools, common: Bools) -> Bools:
        """Which outcomes are bet on: bad ones, and others where those are common, each user once."""
        bet = bad | common
        if not len(self._bet_users) and not common.any():
            return bet
        bet &= ~self._bet_users.have(users)
        named = np.flatnonzero(bet & (users != 0))
        bet[named] = first_of_each(users[named])
        self._bet_users.add(users[bet & ~bad])
        return bet

    def _sum_up(self, cut: Cut, sums: Ints) -> None:
        runs = np.flatnonzero(np.concatenate([[True], cut.shares[1:] != cut.shares[:-1]]))
        for share, run in zip(cut.shares[runs].tolist(), np.add.reduceat(sums, runs, axis=0), strict=True):
            if run.any():
                self._counts[share] = self._counts.get(share, 0) + run

    @property
    def evidence(self) -> Evidence:
        """The sums."""
        return Evidence(tuple(Stratum(share, *counts.tolist()) for share, counts in self._counts.items()))

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
        candidate, champion, candidate_bad, champion_bad = self._block.tolist()
        base_rate = None if math.isnan(self._base_rate) else self._base_rate
        return Counts(self._blocks.share, candidate, champion, candidate_bad, champion_bad, base_rate)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from, also after a way through JSON; bit for bit."""
        return {
            "v": VERSION,
            "gate": self.gate.state() if self.gate else None,
            "blocks": self._blocks.state(),
            "counts": [[share, *counts.tolist()] for share, counts in self._counts.items()],
            "block": self._block.tolist(),
            "base_rate": None if math.isnan(self._base_rate) else self._base_rate,
            "named": self._named,
            "bad_users": self._bad_users.state(),
            "bet_users": self._bet_users.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        if state["v"] != VERSION or (state["gate"] is None) != (self.gate is None):
            raise ValueError(f"a state of version {state['v']} is none of this series")
        if self.gate:
            self.gate.restore(state["gate"])
        self._blocks.restore(state["blocks"])
        self._counts = {share: np.array(counts, dtype=np.int64) for share, *counts in state["counts"]}
        sums = sum(self._counts.values(), np.zeros(4, dtype=np.int64))
        self._seen, self._bad = int(sums[:2].sum()), int(sums[2:].sum())
        self._block = np.array(state["block"], dtype=np.int64)
        self._base_rate = math.nan if state["base_rate"] is None else state["base_rate"]
        self._named = state["named"]
        self._bad_users.restore(state["bad_users"])
        self._bet_users.restore(state["bet_users"])
        return self


def _four(cut: Cut, mine: Bools, bad: Bools, wanted: Bools | bool = True) -> Ints:
    """In the order of Stratum's fields, for each block: both sides' events that are wanted, and the bad among them."""
    kind = 4 * cut.number + 2 * mine + bad
    kinds = np.bincount(kind if wanted is True else kind[wanted], minlength=4 * cut.shares.size).reshape(-1, 4)
    return np.stack([kinds[:, 2] + kinds[:, 3], kinds[:, 0] + kinds[:, 1], kinds[:, 3], kinds[:, 1]], axis=1)


def _perhaps_in(users: Numbers, few: Numbers) -> Bools:
    """Whether users can be among a few others: surely not where it says no."""
    marked = np.zeros(_MARKS, dtype=bool)
    marked[(few % _MARKS).view(np.int64)] = True
    return marked[(users % _MARKS).view(np.int64)]


def _base_rates(seen: Ints, bad: Ints, named: Bools) -> Floats:
    """The rate each block is bet on with, after so many outcomes, some with a user; not a number where it is rare."""
    rates = np.where(seen >= _KNOWN, bad / np.maximum(seen, 1), 0.0)
    return np.where(rates >= np.where(named, COMMON, OWN_DRAWS), np.minimum(rates, _MOST), math.nan)
