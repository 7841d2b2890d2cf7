"""Many requests as the router saw them, in columns."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Requests:
    """Many requests of one service, in the order of the log: what SeenRequest has, one array for each.

    green: whether its side is green. timed: whether it has a time; ms says nothing where it has none. user: a number
    for each user (see user_number), 0 for none. ids: as the log has them, "" for none; None when nobody asked for them.
    """

    ts: npt.NDArray[np.float64]
    green: npt.NDArray[np.bool_]
    shared: npt.NDArray[np.bool_]
    failed: npt.NDArray[np.bool_]
    answered: npt.NDArray[np.bool_]
    timed: npt.NDArray[np.bool_]
    ms: npt.NDArray[np.float64]
    percent: npt.NDArray[np.float64]
    generation: npt.NDArray[np.int64]
    user: npt.NDArray[np.uint64]
    ids: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.ts)

    def is_on(self, side: Side) -> npt.NDArray[np.bool_]:
        """Which requests the router meant to go to a side."""
        return self.green if side is Side.GREEN else ~self.green

    def share_of(self, candidate: Side) -> npt.NDArray[np.float64]:
        """The share, in [0, 1], that the router gave `candidate` when it routed each request."""
        return np.where(self.shared, self.percent / 100, self.is_on(candidate))

    def only(self, wanted: npt.NDArray[np.bool_]) -> Requests:
        """Those requests alone."""
        places = np.flatnonzero(wanted)
        columns = {f.name: getattr(self, f.name)[places] for f in fields(self) if f.name != "ids"}
        ids = None if self.ids is None else [self.ids[at] for at in places.tolist()]
        return Requests(**columns, ids=ids)


def together(parts: Sequence[Requests]) -> Requests:
    """One after the other; at least one."""
    if len(parts) == 1:
        return parts[0]
    columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Requests) if f.name != "ids"}
    return Requests(**columns, ids=None if parts[0].ids is None else [text for p in parts for text in p.ids or ()])


def requests_of(rows: Sequence[SeenRequest]) -> Requests:
    """The same requests in columns."""
    return Requests(
        ts=np.array([row.ts for row in rows], dtype=np.float64),
        green=np.array([row.side is Side.GREEN for row in rows], dtype=bool),
        shared=np.array([row.shared for row in rows], dtype=bool),
        failed=np.array([row.failed for row in rows], dtype=bool),
        answered=np.array([row.answered for row in rows], dtype=bool),
        timed=np.array([row.ms is not None for row in rows], dtype=bool),
        ms=np.array([0.0 if row.ms is None else row.ms for row in rows], dtype=np.float64),
        percent=np.array([row.percent for row in rows], dtype=np.float64),
        generation=np.array([row.generation for row in rows], dtype=np.int64),
        user=np.array([user_number(row.user) for row in rows], dtype=np.uint64),
        ids=[row.id for row in rows],
    )


def user_number(key: str) -> int:
    """64 bits that stand for a user's key: those the router writes are that already. 0 is nobody.

    Two users with one number would be taken for one, and the later one's events dropped: with 10 million users the
    chance that there are two at all is 3 in a million.
    """
    if not key:
        return 0
    if _KEY.fullmatch(key):
        return int(key, 16) or 1
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1
