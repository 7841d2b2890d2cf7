"""Pairs meet what comes for the same id from elsewhere: the request's columns, its label. Bounded memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Self

from greenramp.shadow.answers import Answer, Pair


class Meeting:
    """Either may come first. most: how many of each wait. seconds: how long a pair waits, by the pairing's clock."""

    def __init__(self, most: int = 100_000, seconds: float = math.inf) -> None:
        self._most, self._seconds = most, seconds
        self._pairs: dict[str, tuple[float, Pair]] = {}
        self._others: OrderedDict[str, Any] = OrderedDict()  # a dict is slow to give away its oldest entry

    def meet(self, pairs: Iterable[Pair], others: Mapping[str, Any], clock: float) -> list[tuple[Pair, Any]]:
        """Take in both; give those that have met. What a pair met first stays its own."""
        met = []
        for request_id, other in others.items():
            if (waiting := self._pairs.pop(request_id, None)) is not None:
                met.append((waiting[1], other))
            else:
                self._others[request_id] = other
        for pair in pairs:
            request_id = pair.live.id
            if request_id in self._others:
                met.append((pair, self._others.pop(request_id)))
            else:
                self._pairs[request_id] = (clock, pair)
        while len(self._others) > self._most:
            self._others.popitem(last=False)
        return met

    def overdue(self, clock: float) -> list[Pair]:
        """Pairs that have waited long enough, or are too many; they wait no more."""
        gone: list[Pair] = []
        for since, pair in self._pairs.values():
            if clock - since <= self._seconds and len(self._pairs) - len(gone) <= self._most:
                break
            gone.append(pair)
        for pair in gone:
            del self._pairs[pair.live.id]
        return gone

    @property
    def waiting(self) -> int:
        """How many pairs wait."""
        return len(self._pairs)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "pairs": [[since, *pair_state(pair)] for since, pair in self._pairs.values()],
            "others": [[request_id, other] for request_id, other in self._others.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        self._pairs = {row[1][0]: (row[0], pair_from(row[1:])) for row in state["pairs"]}
        self._others = OrderedDict(state["others"])
        return self


def pair_state(pair: Pair) -> list[Any]:
    """A pair as plain data."""
    return [list(pair.live), list(pair.candidate), dict(pair.features)]


def pair_from(state: list[Any]) -> Pair:
    """The pair again."""
    return Pair(Answer(*state[0]), Answer(*state[1]), state[2])
