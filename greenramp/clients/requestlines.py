"""Lines of the router's log into columns: many at a time, one by one where there is something unusual."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from greenramp.clients.formats import UNREADABLE
from greenramp.clients.requestfields import rows_by_fields
from greenramp.clients.requestjson import rows_by_json
from greenramp.clients.requestrows import Rows, ends_of_lines
from greenramp.measures.requestcolumns import Requests, requests_of, together
from greenramp.measures.traffic_log import SeenRequest, seen_request
from greenramp.traffic.split import Side

_FEW = 32
"""So many lines are read one by one; more are halved, to find those that can't be read many at a time."""

_PART_BYTES = 1024 * 1024
"""From so many on, the two halves are read at the same time."""

_ALIKE = ("green", "shared", "failed", "answered", "percent", "generation")
_NONE = SeenRequest(0.0, "", "", "", Side.BLUE, False, False, False, None, 0.0, 0)


class RequestLines:
    """Reads one service's requests. ids: whether their ids are wanted. broken: lines so far that could not be read.

    Columns hold what seen_request says of each row. Lines of logs before version 2 have no key "sent" and are read one
    by one.
    """

    def __init__(self, service: str, *, ids: bool) -> None:
        self._service = service
        self._ids = ids
        self._threads = ThreadPoolExecutor(2, "request-lines")
        self.broken = 0

    def read(self, data: bytes) -> Requests:
        """The requests among complete lines, in their order."""
        halves = _halves(data)
        if len(data) < _PART_BYTES or halves is None:
            return self._read(data, rows_of(data, ids=self._ids))
        rows = self._threads.map(lambda half: rows_of(half, ids=self._ids), halves)
        return together([self._read(half, its_rows) for half, its_rows in zip(halves, rows, strict=True)])

    def _read(self, data: bytes, rows: Rows | None) -> Requests:
        if rows is not None:
            return self._requests(rows)
        halves = _halves(data)
        if halves is None or data.count(b"\n") <= _FEW:
            return self._one_by_one(data)
        return together([self._read(half, rows_of(half, ids=self._ids)) for half in halves])

    def _one_by_one(self, data: bytes) -> Requests:
        read = [self._request(line) for line in data.split(b"\n")[:-1]]
        found = requests_of([request for request in read if request is not None])
        return found if self._ids else replace(found, ids=None)

    def _request(self, line: bytes) -> SeenRequest | None:
        """One line; None if it is none, or not ours."""
        try:
            request = seen_request(json.loads(line.decode(errors="replace"), strict=False))
        except UNREADABLE:
            self.broken += 1
            return None
        return request if request is not None and request.service == self._service else None

    def _requests(self, rows: Rows) -> Requests:
        """The same from columns."""
        counts = np.bincount(rows.kind, minlength=len(rows.kinds)).tolist()
        seen = [self._of_kind(*kind, lines) for kind, lines in zip(rows.kinds, counts, strict=True)]
        ours = np.array([request is not None for request in seen], dtype=bool)[rows.kind]
        if not ours.all():
            rows = rows.only(ours)
        of_kind = requests_of([request or _NONE for request in seen])
        return Requests(
            **{name: getattr(of_kind, name)[rows.kind] for name in _ALIKE},
            ts=rows.ts,
            timed=of_kind.timed[rows.kind] & rows.timed,
            ms=rows.us / 1000,
            user=rows.user,
            ids=rows.ids,
        )

    def _of_kind(self, sent: str, status: int, lines: int) -> SeenRequest | None:
        """What all lines of a kind have in common; None if they are not ours."""
        try:
            seen = seen_request({"sent": sent, "status": status, "ts": 0, "upstream_us": 0})
        except ValueError:
            self.broken += lines
            return None
        return seen if seen is not None and seen.service == self._service else None


def _halves(data: bytes) -> tuple[bytes, bytes] | None:
    """Complete lines in two parts; None if there is but one line."""
    middle = data.find(b"\n", len(data) // 2) + 1
    return (data[:middle], data[middle:]) if 0 < middle < len(data) else None


def rows_of(data: bytes, *, ids: bool) -> Rows | None:
    """A row for each line, in the quickest way there is; None if a line is unusual."""
    ends = ends_of_lines(data)
    found = rows_by_fields(data, ends.size, ids=ids)
    if found is None:
        return rows_by_json(data, ends.size, ids=ids)
    rows, read = found
    if read.all():
        return rows
    left = np.flatnonzero(~read)
    begins = np.concatenate([[0], ends])[left]
    lines = [data[start:end] for start, end in zip(begins.tolist(), ends[left].tolist(), strict=True)]
    others = rows_by_json(b"".join(lines), len(lines), ids=ids)
    return None if others is None else rows.among(others, read)
