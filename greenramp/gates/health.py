"""Can a gate's numbers be trusted at all? What was no measurement, and what never came."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from greenramp.gates.events import Bools
from greenramp.gates.likelihood import Floats


@dataclass(frozen=True)
class Health:
    """What stands against judging by the numbers; empty words mean nothing does.

    invalid: what the candidate's side gave that cannot be. unavailable: which source gives nothing. note: for the end
    of every sentence. numbers: the same as values.
    """

    invalid: str = ""
    unavailable: str = ""
    note: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


class Supply:
    """Whether measurements keep up with the candidate's requests. Its clock is the requests': no traffic, no time.

    source: what gives them, as it follows "no". patience_seconds: how long requests may come without any.
    """

    def __init__(self, source: str, patience_seconds: float) -> None:
        self._source, self._patience = source, patience_seconds
        self._asked: Floats = np.empty(0)  # the first of each second is enough
        self._second = self._last = self._measured = -math.inf

    def see(self, ts: Floats, asked: Bools, given: Bools) -> None:
        """Requests of these moments: which should give a measurement, now or later, and which have given one."""
        fine = np.isfinite(ts)
        measured = np.maximum.accumulate(np.where(given & fine, ts, -math.inf))
        came = np.maximum(measured, self._measured)
        asked = asked & fine
        waits = ts[asked & (ts > came)]
        seconds = np.floor(waits)
        before = np.maximum(np.maximum.accumulate(np.concatenate([[-math.inf], seconds]))[:-1], self._second)
        self._second = max(self._second, float(seconds.max(initial=-math.inf)))
        self._last = max(self._last, float(ts[asked].max(initial=-math.inf)))
        self._measured = float(came[-1]) if came.size else self._measured
        waiting = np.concatenate([self._asked, waits[seconds > before]])
        self._asked = waiting[waiting > self._measured]

    def given(self, moments: Sequence[float]) -> None:
        """Measurements of these moments, whose requests were seen before."""
        ts = np.array(moments, dtype=np.float64)
        self.see(ts, np.zeros(ts.size, bool), np.ones(ts.size, bool))

    @property
    def fault(self) -> str:
        """What is unavailable, in words; empty while it is within its patience."""
        if not self._asked.size or self._last - self._asked[0] <= self._patience:
            return ""
        silent = self._last - self._asked[0]
        return f"no {self._source} for {silent:,.0f} s of requests to the candidate, {self._patience:g} s are allowed"

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        moments = {"second": self._second, "last": self._last, "measured": self._measured}
        return {
            "asked": self._asked.tolist(),
            **{name: moment if math.isfinite(moment) else None for name, moment in moments.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        self._asked = np.array(state["asked"], dtype=np.float64)
        self._second, self._last, self._measured = (
            -math.inf if state[name] is None else state[name] for name in ("second", "last", "measured")
        )
        return self
