"""Measurements on their way to a series, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from greenramp.gates.likelihood import Floats

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Events:
    """What was measured, in the order in which it counts; arrays of one length.

    share: the candidate's, in [0, 1], when the request was routed. mine: whether the candidate's side was meant.
    value: whether it was bad, a time in ms, the size of an error, or an answer (numbers; or texts, as objects).
    ts: seconds of the request. user: a number for each user, 0 for none.
    """

    share: Floats
    mine: Bools
    value: npt.NDArray[Any]
    ts: Floats
    user: Numbers

    @classmethod
    def of(cls, rows: Sequence[tuple[float, bool, Any, float, int]]) -> Self:
        """From rows of share, mine, value, ts and user."""
        share, mine, value, ts, user = zip(*rows, strict=True) if rows else ((), (), (), (), ())
        return cls(
            np.array(share, dtype=np.float64),
            np.array(mine, dtype=bool),
            np.array(value, dtype=object if value and isinstance(value[0], str) else None),
            np.array(ts, dtype=np.float64),
            np.array(user, dtype=np.uint64),
        )

    def __len__(self) -> int:
        return len(self.share)

    def only(self, wanted: Bools) -> Events:
        """Those alone."""
        if wanted.all():
            return self
        at = np.flatnonzero(wanted)
        return Events(self.share[at], self.mine[at], self.value[at], self.ts[at], self.user[at])

    def without_users(self) -> Events:
        """The same with each as if nobody's: for what counts by request."""
        return Events(self.share, self.mine, self.value, self.ts, np.zeros(len(self), dtype=np.uint64))
