"""Can a gate's numbers be trusted at all? What was no measurement, and what never came."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field


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
        self._asked: deque[float] = deque()  # one moment a second is enough
        self._last = self._measured = -math.inf

    def asked(self, ts: float) -> None:
        """A request came that should give a measurement, now or later."""
        self._last = max(self._last, ts)
        if ts > self._measured and (not self._asked or ts - self._asked[-1] >= 1):
            self._asked.append(ts)

    def given(self, ts: float) -> None:
        """The measurement of the request of this moment came."""
        self._measured = max(self._measured, ts)
        while self._asked and self._asked[0] <= self._measured:
            self._asked.popleft()

    @property
    def fault(self) -> str:
        """What is unavailable, in words; empty while it is within its patience."""
        if not self._asked or self._last - self._asked[0] <= self._patience:
            return ""
        silent = self._last - self._asked[0]
        return f"no {self._source} for {silent:,.0f} s of requests to the candidate, {self._patience:g} s are allowed"
