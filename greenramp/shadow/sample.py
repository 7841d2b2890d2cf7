"""A sample of pairs of fixed size: each id has the same chance, whatever the order and however often it is asked."""

from __future__ import annotations

import heapq
from hashlib import blake2b
from typing import Any

Row = dict[str, Any]


def draw_of(request_id: str) -> int:
    """The number that an id draws, the same in every run; 64 bits."""
    return int.from_bytes(blake2b(request_id.encode("utf-8", "replace"), digest_size=8, salt=b"shadow").digest())


class Sample:
    """Keeps the rows whose ids draw the smallest numbers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[tuple[int, str, Row]] = []

    def wants(self, draw: int) -> bool:
        """Whether a row with this draw would be kept."""
        return len(self._kept) < self._most or draw < -self._kept[0][0]

    def add(self, draw: int, row: Row) -> None:
        """Take in a row; ids are not drawn twice."""
        entry = (-draw, str(row["id"]), row)
        if len(self._kept) < self._most:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    @property
    def rows(self) -> list[Row]:
        """The rows kept, by time."""
        return sorted((row for _, _, row in self._kept), key=lambda row: (row["ts"], row["id"]))

    def state(self) -> list[Row]:
        """Plain data to go on from."""
        return self.rows

    def restore(self, rows: list[Row]) -> None:
        """Go on from a state."""
        self._kept = [(-draw_of(row["id"]), row["id"], row) for row in rows]
        heapq.heapify(self._kept)
