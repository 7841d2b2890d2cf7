"""Rows of the router's log in columns, whoever's they are: what readers of its lines give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from greenramp.gates.events import Bools, Ints

STATUSES = 1000
"""A row's status is at least 0, and below this."""

_PART = 1 << 18
_LINE_END = ord("\n")


@dataclass(frozen=True)
class Rows:
    """One entry for each line. Lines of one kind have the same `sent` and status; there are few kinds.

    kinds: the kinds' texts and statuses. kind: number of each line's. ts: seconds. us: time of the environment's answer
    in microseconds, which says nothing where a line has none. timed: whether it has one. user: as user_number says.
    ids: as the log has them, "" for none; None when nobody asked for them.
    """

    kinds: Sequence[tuple[str, int]]
    kind: Ints
    ts: npt.NDArray[np.float64]
    us: Ints
    timed: Bools
    user: npt.NDArray[np.uint64]
    ids: Sequence[str] | None

    def __len__(self) -> int:
        return len(self.ts)

    def only(self, wanted: Bools) -> Rows:
        """Those lines alone."""
        ids = None if self.ids is None else [text for text, take in zip(self.ids, wanted.tolist(), strict=True) if take]
        return Rows(
            self.kinds,
            self.kind[wanted],
            self.ts[wanted],
            self.us[wanted],
            self.timed[wanted],
            self.user[wanted],
            ids,
        )

    def among(self, others: Rows, ours: Bools) -> Rows:
        """These and other rows in the order of their lines. ours: for each line, whether it is one of these."""

        def both(mine: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> npt.NDArray[Any]:
            column = np.empty(ours.size, dtype=mine.dtype)
            column[ours], column[~ours] = mine, theirs
            return column

        ids = None
        if self.ids is not None and others.ids is not None:
            ids = both(np.array(self.ids, dtype=object), np.array(others.ids, dtype=object)).tolist()
        return Rows(
            [*self.kinds, *others.kinds],
            both(self.kind, others.kind + len(self.kinds)),
            both(self.ts, others.ts),
            both(self.us, others.us),
            both(self.timed, others.timed),
            both(self.user, others.user),
            ids,
        )


def texts_of(column: Any) -> list[str]:
    """An Arrow column's texts as they are read from a file that may hold anything; empty for none."""
    return [(text or b"").decode(errors="replace") for text in column.cast("binary").to_pylist()]


def ends_of_lines(data: bytes) -> Ints:
    """The places behind the lines, found in parts: larger ones are memory that is cleared anew each time."""
    letters = np.frombuffer(data, dtype=np.uint8)
    parts = [np.flatnonzero(letters[at : at + _PART] == _LINE_END) + at for at in range(0, letters.size, _PART)]
    return np.concatenate([np.empty(0, dtype=np.int64), *parts]) + 1
