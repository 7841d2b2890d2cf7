"""From counters that only ever rise to what came between two looks; a counter that fell began anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from greenramp.errors import BadEvidence
from greenramp.measures.sources import Batch

Counters = Mapping[str, Mapping[str, int]]
"""One side's counters: kind of count ("total", "bad", or a bound) -> series -> value."""

PATIENCE_SECONDS = 60.0
"""So long may counters of the same events differ, since they are raised, or read, one after the other."""


@dataclass(frozen=True)
class Sides:
    """What the two sides are called in a source."""

    candidate: str
    champion: str

    def __post_init__(self) -> None:
        if self.candidate == self.champion:
            raise ValueError(f"candidate and champion can't both be {self.candidate!r}")


@dataclass(frozen=True)
class Grown:
    """What came to each side since the look before; a side that was not there at both looks is missing."""

    batch: Batch
    sides: Mapping[str, Mapping[str, int]]


def grown(name: str, before: Any, now: Mapping[str, Counters], ts: float, rising: Sequence[str]) -> Grown:
    """Hold a look against the one before.

    before: its cursor, None at the first look. rising: kinds of counts, each of which holds all events of those before
    it; the last holds all. Where it grew by less than they did, the look is put off: nothing is taken in, and the next
    one covers both. A counter that fell, or a series that came or went among those of all events, is a process that
    began anew: nothing is counted then, and counting goes on from the new values.
    Raises BadEvidence when counts contradict each other, now or for PATIENCE_SECONDS.
    """
    for side, counters in now.items():
        _refuse_contradiction(name, side, {kind: sum(series.values()) for kind, series in counters.items()}, rising)
    cursor = {"ts": ts, "sides": {side: {k: dict(v) for k, v in counters.items()} for side, counters in now.items()}}
    if before is None:
        return Grown(Batch(cursor), {})
    told: dict[str, Mapping[str, int]] = {}
    anew = []
    for side in [side for side in now if side in before["sides"]]:
        if _began_anew(before["sides"][side], now[side], rising[-1]):
            anew.append(side)
        else:
            told[side] = _differences(before["sides"][side], now[side])
    if anew:
        note = f"{name}: counters of {' and '.join(anew)} began anew; what came since the look before is not counted"
        return Grown(Batch(cursor, gaps=1, notes=(note,)), {})
    for side, counts in told.items():
        try:
            _refuse_contradiction(name, side, counts, rising)
        except BadEvidence as error:
            if ts - before["ts"] > PATIENCE_SECONDS:
                raise
            return Grown(Batch(before, notes=(f"{error}; waiting for the next look",)), {})
    return Grown(Batch(cursor), told)


def _refuse_contradiction(name: str, side: str, counts: Mapping[str, int], rising: Sequence[str]) -> None:
    there = [kind for kind in rising if kind in counts]
    for less, more in pairwise(there):
        if counts[less] > counts[more]:
            raise BadEvidence(f"{name}: {side}: {less} ({counts[less]:,}) is more than {more} ({counts[more]:,})")


def _began_anew(before: Counters, now: Counters, every: str) -> bool:
    """Whether a process behind the counters is another one. Series of parts may come later: they begin at 0."""
    if before[every].keys() != now[every].keys():
        return True
    return any(
        now.get(kind, {}).get(series, -1) < value for kind, there in before.items() for series, value in there.items()
    )


def _differences(before: Counters, now: Counters) -> dict[str, int]:
    return {
        kind: sum(value - before.get(kind, {}).get(series, 0) for series, value in there.items())
        for kind, there in now.items()
    }


def whole(name: str, what: str, value: object) -> int:
    """A counter's value; raises BadEvidence for what can't be a count."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not 0 <= number < 2.0**53 or number != int(number) or isinstance(value, bool):
        raise BadEvidence(f"{name}: {what} is {value!r:.60}, and a count is a whole number from 0 on")
    return int(number)
