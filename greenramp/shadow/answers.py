"""What one side answered to one request, and the two answers to the same request."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple


class Whose(IntEnum):
    """Whose an answer is."""

    LIVE = 0  # the champion's; users got it
    CANDIDATE = 1  # given to a copy of the request; reached nobody

    @property
    def other(self) -> Whose:
        """The side it is compared with."""
        return Whose(1 - self)


class Answer(NamedTuple):
    """One row of a prediction log.

    ts: when the request came, epoch seconds. ms: time to answer. size: of the answer, in bytes.
    predictions: one per row of the request; None when there are none, or the answer was too large to be logged.
    error: what went wrong, None when nothing did.
    """

    id: str
    ts: float
    status: int
    ms: float
    predictions: list[Any] | None
    size: int | None = None
    error: str | None = None

    @property
    def failed(self) -> bool:
        """Whether there is no answer to compare since the side could not, or would not, give one."""
        return self.status >= 400 or self.status < 100 or self.error is not None


class Copied(NamedTuple):
    """What became of the copies, as the router counts them, before any answer is known.

    asked: how many were to be sent. dropped: so many of them were not, since too many were open already.
    """

    asked: int = 0
    dropped: int = 0


class Pair(NamedTuple):
    """Both answers to one request. features: column -> value, as far as they are known."""

    live: Answer
    candidate: Answer
    features: Mapping[str, Any] = {}
