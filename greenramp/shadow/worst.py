"""The examples a person looks at first: where the two answers are furthest apart, and where the candidate has none."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from greenramp.shadow.sample import Row


class Worst(StrEnum):
    """Why a pair is shown."""

    DIFFERENCE = "different answers"
    INVALID = "no valid answer from the candidate"
    FAILED = "candidate failed"
    SLOW = "candidate slower"


class Examples:
    """The `most` worst pairs of each sort; which of equally bad ones are kept is decided by lot, not by their order."""

    def __init__(self, most: int = 20) -> None:
        self._most = most
        self._heaps: dict[str, list[tuple[float, int, str, Row]]] = {sort: [] for sort in Worst}

    def wants(self, sort: Worst, badness: float, draw: int) -> bool:
        """Whether a pair is among the worst so far."""
        heap = self._heaps[sort]
        return len(heap) < self._most or (badness, draw) > heap[0][:2]

    def add(self, sort: Worst, badness: float, draw: int, row: Row) -> None:
        """Take in a pair that is wanted."""
        heap, entry = self._heaps[sort], (badness, draw, str(row["id"]), row)
        (heapq.heappush if len(heap) < self._most else heapq.heappushpop)(heap, entry)

    def rows(self, sort: Worst) -> list[Row]:
        """The pairs kept, worst first."""
        return [row for *_, row in sorted(self._heaps[sort], key=lambda entry: entry[:2], reverse=True)]

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {sort: [list(entry) for entry in heap] for sort, heap in self._heaps.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._heaps = {sort: [tuple(entry) for entry in state[sort]] for sort in Worst}
        for heap in self._heaps.values():
            heapq.heapify(heap)
