"""The router's log as a source of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.requestlines import RequestLines
from greenramp.measures.sources import Batch, Cursor

_BLOCK_BYTES = 16 * 1024 * 1024
"""Large enough that reading and counting, in a thread each, seldom wait for each other."""


class RequestLog:
    """One service's requests. A cursor is a mark (see JsonLines).

    start: where a release begins; None for the oldest line there is. ids: whether the requests' ids are wanted.
    """

    name = "request log"

    def __init__(self, path: Path, service: str, start: Sequence[int] | None, *, ids: bool) -> None:
        self._path = path
        self._start = start
        self._lines = RequestLines(service, ids=ids)

    def read_since(self, cursor: Cursor) -> Batch:
        """The requests of the next 16 MB."""
        log = lines_from(self._path, cursor or self._start)
        log.block_bytes = _BLOCK_BYTES
        block, broken = log.next_block(), self._lines.broken
        requests = None if block is None else self._lines.read(block)
        return Batch(
            log.mark,
            requests,
            more=block is not None,
            gaps=log.gaps,
            broken=log.broken + self._lines.broken - broken,
        )


def lines_from(path: Path, mark: Sequence[int] | None) -> JsonLines:
    """A log from a mark on; without one from its oldest line."""
    return JsonLines.from_mark(path, mark) if mark else JsonLines(path)
