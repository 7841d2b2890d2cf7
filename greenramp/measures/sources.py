"""Where evidence comes from: one way to ask any place for everything new since a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from greenramp.measures.requestcolumns import Requests

Cursor = Any
"""Plain JSON data: where the next read goes on. None begins where the source says a release begins."""


@dataclass(frozen=True)
class Counted:
    """Events of both sides between two looks at counters, all under one share.

    ts: seconds since the epoch of the later look. candidate, champion: all events; *_bad: the bad ones among them.
    """

    ts: float
    candidate: int
    champion: int
    candidate_bad: int
    champion_bad: int


@dataclass(frozen=True)
class Bucketed:
    """Times of both sides between two looks at histograms.

    bounds: upper bounds of the buckets in ms, rising, the last one infinite. candidate, champion: counts per bucket.
    """

    ts: float
    bounds: tuple[float, ...]
    candidate: tuple[int, ...]
    champion: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """What one read gave.

    cursor: where the next one goes on. requests: in the order of the router's log, the ids only where they are asked
    for. predictions, labels: (request id, what was answered, or would have been right). more: whether there is more to
    read right now. gaps: how often something was gone before it was read. broken: lines that could not be read.
    """

    cursor: Cursor
    requests: Requests | None = None
    predictions: Sequence[tuple[str, Sequence[Any]]] = ()
    labels: Sequence[tuple[str, Any]] = ()
    counts: Sequence[Counted] = ()
    buckets: Sequence[Bucketed] = ()
    more: bool = False
    gaps: int = 0
    broken: int = 0
    notes: Sequence[str] = field(default=())


class Source(Protocol):
    """One place that evidence comes from."""

    @property
    def name(self) -> str:
        """As it is called in the service's file, or in messages."""

    def read_since(self, cursor: Cursor) -> Batch:
        """Everything new, a bounded part at a time. Raises Unreachable while it does not answer; the cursor holds."""
