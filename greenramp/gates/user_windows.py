"""Users who give one number each: all that is measured of them within a while of their first measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from greenramp.gates.events import Events, Ints
from greenramp.gates.likelihood import Floats
from greenramp.gates.users import Users

VERSION = 1

_LIMITS = np.finfo(np.float64)
_USER = np.dtype(
    [
        ("user", np.uint64),
        ("until", np.float64),  # by the clock
        ("share", np.float64),
        ("mine", np.bool_),
        ("ts", np.float64),
        ("generation", np.int64),
        ("sum", np.float64),
        ("count", np.int64),
    ]
)
"""What is kept of a user whose window is open: all but the last two are the first measurement's."""


class UserWindows:
    """Makes one event of all that is measured of a user while their window is open; it enters when that is over.

    The clock is the latest request of all measurements so far, of both sides. A window begins, by that clock, with the
    user's first measurement, and is over with the first measurement of anybody that comes more than `seconds` later.
    The event has the share, side, moment and generation of the first one. any_bad: its value is whether one of them
    was bad; else it is their mean. What comes of that user later never counts. Who has no key counts each time, at
    once. Events come out as nobody's, since each is a draw of its own.

    That keeps the chances of error: users are drawn for themselves, each gives one number, and when that is final
    depends on time alone, neither on what was measured nor on how busy the user is. Where the share changes, some
    users change sides, always the same way; so only what has the share and side of the first one goes into the number.
    """

    def __init__(self, seconds: float, *, any_bad: bool) -> None:
        self._seconds, self._any_bad = seconds, any_bad
        self._now = float(_LIMITS.min)
        self._open: npt.NDArray[Any] = np.empty(0, dtype=_USER)  # in the order in which they opened, and will end
        self._done = Users()

    def add(self, events: Events, generation: Ints) -> tuple[Events, Ints]:
        """Take in measurements; gives what is final now, and the generation of each, the same however they are cut."""
        if not len(events):
            return events, generation
        moments = np.where(np.isfinite(events.ts), events.ts, _LIMITS.min)
        clock = np.maximum.accumulate(np.maximum(moments, self._now))
        self._now = float(clock[-1])
        rows = np.flatnonzero((events.user != 0) & ~self._done.have(events.user))
        users, number = self._users(events, generation, clock, rows)
        ends = np.searchsorted(clock, users["until"], side="right")  # the row with which each window is over
        counts = rows < ends[number]
        counts &= (events.share[rows] == users["share"][number]) & (events.mine[rows] == users["mine"][number])
        with np.errstate(over="ignore"):
            np.add.at(users["sum"], number[counts], events.value[rows[counts]].astype(np.float64))
        users["sum"] = np.minimum(users["sum"], _LIMITS.max)
        np.add.at(users["count"], number[counts], 1)
        over = ends < len(events)
        self._open = users[~over]
        self._done.add(users["user"][over])
        return self._entered(users[over], ends[over], events, generation)

    def _users(self, events: Events, generation: Ints, clock: Floats, rows: Ints) -> tuple[npt.NDArray[Any], Ints]:
        """The open users and those of some rows, in the order of their first measurements; and whose each row is."""
        come = np.zeros(rows.size, dtype=_USER)
        come["until"], come["generation"] = clock[rows] + self._seconds, generation[rows]
        for name in ("user", "share", "mine"):
            come[name] = getattr(events, name)[rows]
        come["ts"] = np.where(np.isfinite(events.ts[rows]), events.ts[rows], clock[rows])
        both = np.concatenate([self._open, come])
        _, first, who = np.unique(both["user"], return_index=True, return_inverse=True)
        order = np.argsort(first)
        place = np.empty_like(order)
        place[order] = np.arange(order.size)
        return both[first[order]], place[who[self._open.size :]]

    def _entered(self, over: npt.NDArray[Any], ends: Ints, events: Events, generation: Ints) -> tuple[Events, Ints]:
        """Users whose windows are over, each before the row that ended it, and the rows of nobody in their places."""
        alone = events.user == 0
        theirs = events.only(alone)
        order = np.argsort(np.concatenate([2 * ends, 2 * np.flatnonzero(alone) + 1]), kind="stable")
        entered = Events(
            np.concatenate([over["share"], theirs.share])[order],
            np.concatenate([over["mine"], theirs.mine])[order],
            np.concatenate([over["sum"] > 0 if self._any_bad else over["sum"] / over["count"], theirs.value])[order],
            np.concatenate([over["ts"], theirs.ts])[order],
            np.zeros(order.size, dtype=np.uint64),
        )
        return entered, np.concatenate([over["generation"], generation[alone]])[order]

    def state(self) -> dict[str, Any]:
        """Plain data to go on from, also after a way through JSON; bit for bit."""
        return {"v": VERSION, "now": self._now, "open": self._open.tolist(), "done": self._done.state()}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of windows that were made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of these windows")
        self._now = state["now"]
        self._open = np.array([tuple(user) for user in state["open"]], dtype=_USER)
        self._done.restore(state["done"])
        return self
