"""Where in the traffic the two sides differ: counts for the values of a few named columns; bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np

from greenramp.shadow.kinds import is_finite

EARLY = 200  # pairs of which a column's most frequent values are taken at first
OFTEN = 5  # a value that turns up later gets its own slice from this often on
PENDING = 2_000  # values that are counted until they are frequent
REST, NONE = "(others)", "(none)"
QUARTERS = (0.25, 0.5, 0.75)


class Slice(NamedTuple):
    """One part of the traffic. bad: pairs whose answers differ, or where only the candidate failed."""

    name: str
    pairs: int
    bad: int


@dataclass
class Column:
    """One column's slices: its frequent values, or for numbers with many values the quarters of their range.

    Which values get a slice depends on how often they are asked, never on the answers.
    """

    name: str
    most: int
    edges: list[float] | None = None
    slots: dict[str, list[int]] = field(default_factory=dict)
    rest: list[int] = field(default_factory=lambda: [0, 0])
    pending: dict[str, int] = field(default_factory=dict)
    early: list[tuple[Any, bool]] | None = field(default_factory=list)

    def add(self, value: Any, bad: bool) -> None:
        """Take in one pair."""
        if self.early is not None:
            self.early.append((value, bad))
            if len(self.early) >= EARLY:
                self._settle()
            return
        self._count(self._named(value), bad)

    def slices(self) -> list[Slice]:
        """Counts so far, most frequent first; the pooled rest last."""
        if self.early:
            now = Column(self.name, self.most, early=list(self.early))
            now._settle()
            return now.slices()
        own = [Slice(f"{self.name}{name}", *counts) for name, counts in self.slots.items()]
        own.sort(key=lambda part: -part.pairs)
        return own + ([Slice(f"{self.name}={REST}", self.rest[0], self.rest[1])] if self.rest[0] else [])

    def _settle(self) -> None:
        early, self.early = self.early or [], None
        values = [value for value, _ in early]
        numbers = [float(value) for value in values if is_finite(value)]
        if len(set(numbers)) > max(self.most, 10) and len(numbers) > len(values) / 2:
            self.edges = [float(edge) for edge in np.unique(np.quantile(numbers, QUARTERS))]
        names = [self._named(value) for value in values]
        counts = {name: names.count(name) for name in dict.fromkeys(names)}
        frequent = sorted((name for name in counts if counts[name] > 1), key=lambda name: -counts[name])
        self.slots = {name: [0, 0] for name in frequent[: self.most]}
        for name, (_, bad) in zip(names, early, strict=True):
            self._count(name, bad)

    def _named(self, value: Any) -> str:
        if value is None:
            return f"={NONE}"
        if self.edges is None or not is_finite(value):
            return f"={str(value)[:60]}"
        above = int(np.searchsorted(self.edges, value))
        if above == 0:
            return f" up to {self.edges[0]:.3g}"
        if above == len(self.edges):
            return f" over {self.edges[-1]:.3g}"
        return f" from {self.edges[above - 1]:.3g} to {self.edges[above]:.3g}"

    def _count(self, name: str, bad: bool) -> None:
        counts = self.slots.get(name)
        if counts is None and len(self.slots) < self.most:
            self.pending[name] = self.pending.get(name, 0) + 1
            if self.pending[name] >= OFTEN:
                counts = self.slots[name] = [0, 0]
                del self.pending[name]
            elif len(self.pending) > PENDING:  # forget those seen once: frequent ones come again
                self.pending = {known: count for known, count in self.pending.items() if count > 1}
                if len(self.pending) > PENDING // 2:
                    self.pending = {}
        counts = self.rest if counts is None else counts
        counts[0] += 1
        counts[1] += bad


class Slices:
    """The slices of all named columns. most: slices of its own that a column may have."""

    def __init__(self, columns: Iterable[str] = (), most: int = 20) -> None:
        self.columns = [Column(name, most) for name in columns]

    def add(self, features: Mapping[str, Any], bad: bool) -> None:
        """Take in one pair."""
        for column in self.columns:
            column.add(features.get(column.name), bad)

    @property
    def places(self) -> int:
        """How many slices there can be, for the split of a chance of error among them."""
        return sum(column.most + 1 for column in self.columns)

    def slices(self) -> list[Slice]:
        """All slices with pairs."""
        return [part for column in self.columns for part in column.slices()]

    def state(self) -> list[dict[str, Any]]:
        """Plain data to go on from."""
        return [asdict(column) for column in self.columns]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Go on from a state."""
        self.columns = [
            Column(**{**column, "early": column["early"] and [(value, bad) for value, bad in column["early"]]})
            for column in state
        ]
