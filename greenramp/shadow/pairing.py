"""Brings both sides' answers to one request together, in whatever order they come, once for each id.

The clock is the latest time in either stream: while no requests come it stands still, and nothing is given up. It is
looked at after both sides' news were read, so a side that is read later loses nothing by that.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Self

from greenramp.shadow.answers import Answer, Copied, Pair, Whose

VERSION = 2

_Waiting = OrderedDict[str, tuple[int, Answer]]
"""Answers with the round they were read in, oldest first. A dict is slow to give away its oldest entry."""


@dataclass
class PairCounts:
    """What became of the ids; two numbers stand for live and candidate.

    alone: given up, since the other side's answer did not come in time or too many waited.
    settled: pairs as old as what is given up by now; `alone` is to be held against these, not against all pairs.
    late: answers that came after their partner was given up. since_pair: answers read since the last pair.
    asked, dropped: see Copied. dropped_at_pair: dropped when the last pair was complete.
    """

    pairs: int = 0
    settled: int = 0
    read: list[int] = field(default_factory=lambda: [0, 0])
    alone: list[int] = field(default_factory=lambda: [0, 0])
    duplicates: list[int] = field(default_factory=lambda: [0, 0])
    late: list[int] = field(default_factory=lambda: [0, 0])
    since_pair: list[int] = field(default_factory=lambda: [0, 0])
    asked: int = 0
    dropped: int = 0
    dropped_at_pair: int = 0

    @property
    def dropped_alone(self) -> int:
        """Of the champion's answers without a partner, those whose copy was dropped, as far as can be known.

        Copies are known to be dropped at once, and their requests to be alone only when they are given up.
        """
        return min(self.dropped, self.alone[0])


class Pairing:
    """O(1) per answer; memory is limited by `max_waiting` answers per side and as many remembered ids.

    timeout_seconds: how long an answer waits for its partner, by the streams' own clock.
    """

    def __init__(self, timeout_seconds: float = 10.0, max_waiting: int = 50_000) -> None:
        if not timeout_seconds > 0 or max_waiting < 1:
            raise ValueError(f"nothing can wait {timeout_seconds} s in a list of {max_waiting}")
        self.timeout_seconds, self._most = timeout_seconds, max_waiting
        self._waiting: tuple[_Waiting, ...] = (OrderedDict(), OrderedDict())
        self._settled: dict[str, int] = {}  # id -> bits of the sides that were seen
        self._round = 0
        self._rounds: deque[tuple[float, int, int]] = deque()  # clock at its end, its number, pairs complete then
        self.counts = PairCounts()
        self.first: float | None = None
        self.clock = -math.inf
        self.last_pair: float | None = None

    def take(self, live: Iterable[Answer], candidate: Iterable[Answer]) -> list[Pair]:
        """Take in what both sides have answered since the last time; give the pairs that are complete."""
        pairs: list[Pair] = []
        news = []
        for whose, answers in ((Whose.LIVE, live), (Whose.CANDIDATE, candidate)):
            news.append(self._read(whose, answers, pairs))
        if pairs:
            self.counts.pairs += len(pairs)
            self.counts.since_pair = [0, 0]
            self.counts.dropped_at_pair = self.counts.dropped
            self.last_pair = self.clock
        else:
            self.counts.since_pair = [old + new for old, new in zip(self.counts.since_pair, news, strict=True)]
        self._expire()
        return pairs

    def note(self, copied: Copied) -> None:
        """Take in what became of all copies so far; to be called before the answers up to then are taken in."""
        self.counts.asked, self.counts.dropped = copied

    def finish(self) -> None:
        """Give up what still waits: no more will come."""
        self._rounds.clear()
        self.counts.settled = self.counts.pairs
        for whose in Whose:
            for request_id in list(self._waiting[whose]):
                self._give_up(whose, request_id)

    @property
    def waiting(self) -> tuple[int, int]:
        """How many answers of live and candidate wait."""
        return len(self._waiting[0]), len(self._waiting[1])

    @property
    def seconds(self) -> float:
        """What the clock has run since the first news."""
        return self.clock - self.first if self.first is not None else 0.0

    @property
    def seconds_since_pair(self) -> float:
        """What the clock has run since the last pair, or since the first news when there was none."""
        since = self.last_pair if self.last_pair is not None else self.first
        return self.clock - since if since is not None else 0.0

    def _read(self, whose: Whose, answers: Iterable[Answer], pairs: list[Pair]) -> int:
        """The inner loop: a hundred thousand answers a second and more."""
        mine, theirs, settled = self._waiting[whose], self._waiting[whose.other], self._settled
        bit, number, clock, most = 1 << whose, self._round, self.clock, self._most
        read = again = late = 0
        for answer in answers:
            read += 1
            request_id = answer.id
            if clock < answer.ts < math.inf:
                if self.first is None:
                    self.first = answer.ts
                clock = answer.ts
            seen = settled.get(request_id)
            if seen is not None:
                again += bool(seen & bit)
                late += not seen & bit
                settled[request_id] = seen | bit
            elif request_id in mine:
                again += 1
            elif (other := theirs.pop(request_id, None)) is not None:
                pairs.append(Pair(other[1], answer) if whose else Pair(answer, other[1]))
                settled[request_id] = 3
            else:
                mine[request_id] = (number, answer)
                if len(mine) > most:
                    self._give_up(whose, next(iter(mine)))
        self.clock = clock
        self.counts.read[whose] += read
        self.counts.duplicates[whose] += again
        self.counts.late[whose] += late
        return read

    def _expire(self) -> None:
        """Give up what was read so long ago; it waits from the end of its round, when both sides had been read."""
        if self._rounds and self._rounds[-1][0] == self.clock:
            self._rounds.pop()  # while the clock stands still it is one long round
        if self.clock > -math.inf:
            self._rounds.append((self.clock, self._round, self.counts.pairs))
            self._round += 1
        due = -1
        while self._rounds and self.clock - self._rounds[0][0] > self.timeout_seconds:
            _, due, self.counts.settled = self._rounds.popleft()
        for whose in Whose:
            waiting = self._waiting[whose]
            while waiting and next(iter(waiting.values()))[0] <= due:  # they stand in the order they came
                self._give_up(whose, next(iter(waiting)))
        surplus = len(self._settled) - 2 * self._most
        for request_id in list(islice(self._settled, max(surplus, 0))):
            del self._settled[request_id]

    def _give_up(self, whose: Whose, request_id: str) -> None:
        del self._waiting[whose][request_id]
        self._settled[request_id] = 1 << whose
        self.counts.alone[whose] += 1

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "waiting": [[[number, list(answer)] for number, answer in side.values()] for side in self._waiting],
            "settled": [[request_id, bits] for request_id, bits in self._settled.items()],
            "round": self._round,
            "rounds": [list(entry) for entry in self._rounds],
            "counts": asdict(self.counts),
            "clock": [self.first, self.clock if self.clock > -math.inf else None, self.last_pair],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this pairing")
        live, candidate = (
            OrderedDict((row[0], (number, Answer(*row))) for number, row in side) for side in state["waiting"]
        )
        self._waiting = (live, candidate)
        self._settled = dict(state["settled"])
        self._round, self._rounds = state["round"], deque((at, number, pairs) for at, number, pairs in state["rounds"])
        self.counts = PairCounts(**{name: _copied(value) for name, value in state["counts"].items()})
        self.first, clock, self.last_pair = state["clock"]
        self.clock = -math.inf if clock is None else clock
        return self


def _copied(value: int | list[int]) -> Any:
    return list(value) if isinstance(value, list) else value
