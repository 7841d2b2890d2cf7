"""Reads one outside source now and then, in a thread of its own: a server that hangs keeps nobody waiting."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Thread

from greenramp.measures.sources import Batch, Cursor, Source

EVERY_SECONDS = 5.0
"""Most that is waited between two reads: few scrapes are so frequent that more would tell more."""


@dataclass
class _Reading:
    """One read: where it began, and what comes of it."""

    cursor: Cursor
    began: float
    coming: Future[Batch]


class Polled:
    """One source during one step, all under one share.

    What a source sums up between two looks is only counted if both came after the first `settle_seconds` of the step:
    else it holds events of the share before. Such looks only move the cursor. Labels carry their request's own share.
    """

    def __init__(self, source: Source, settle_seconds: float, every_seconds: float = EVERY_SECONDS) -> None:
        self.name = source.name
        self._source, self._every = source, every_seconds
        self._counts_from = time.monotonic() + settle_seconds
        self._due = time.monotonic()
        self._reading: _Reading | None = None
        self._settled = False

    def take(self, cursor: Cursor) -> Batch | None:
        """What a read that is done gave, None while there is none; begins the next one when it is time.

        cursor: where it is to go on. Raises what the read raised, each time once.
        """
        reading = self._reading
        if reading is None:
            if time.monotonic() >= self._due:
                self._reading = self._begin(cursor)
            return None
        if not reading.coming.done():
            return None
        self._reading = None
        self._due = reading.began + self._every
        batch = reading.coming.result()
        if batch.more:
            self._due = reading.began
        counted, moved = self._settled, batch.cursor is not reading.cursor
        self._settled = self._settled or (moved and reading.began >= self._counts_from)
        return batch if counted else replace(batch, counts=(), buckets=())

    def _begin(self, cursor: Cursor) -> _Reading:
        reading = _Reading(cursor, time.monotonic(), Future())
        Thread(target=self._read, args=(reading,), name=f"read {self.name}", daemon=True).start()
        return reading

    def _read(self, reading: _Reading) -> None:
        try:
            reading.coming.set_result(self._source.read_since(reading.cursor))
        except BaseException as error:  # noqa: BLE001  (raised again where the look takes it)
            reading.coming.set_exception(error)
