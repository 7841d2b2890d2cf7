"""Lines of the router's log into columns: by Arrow a block at a time, one by one where it finds something unusual."""

from __future__ import annotations

import json
from binascii import unhexlify
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from greenramp.requestcolumns import Requests, requests_of, together, user_number
from greenramp.split import Side
from greenramp.traffic_log import SeenRequest, seen_request, text_of

if TYPE_CHECKING:
    import pyarrow as pa

_FEW = 32
"""So many lines are read one by one; more are halved, to find those that Arrow does not read."""

_PART_BYTES = 1024 * 1024
"""What one processor reads at a time; a longer line is read by itself."""

_STATUSES = 1000
_LINE_END = ord("\n")
_KEY_LETTERS = 16
_CASE, _CAPITAL = 0x60, 0x40
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
        self.broken = 0

    def read(self, data: bytes) -> Requests:
        """The requests among complete lines, in their order."""
        table = table_of(data, ids=self._ids)
        if table is not None:
            return self._requests(table)
        middle = data.find(b"\n", len(data) // 2) + 1
        if not 0 < middle < len(data) or data.count(b"\n") <= _FEW:
            return self._one_by_one(data)
        return together([self.read(data[:middle]), self.read(data[middle:])])

    def _one_by_one(self, data: bytes) -> Requests:
        read = [self._request(line) for line in data.split(b"\n")[:-1]]
        found = requests_of([request for request in read if request is not None])
        return found if self._ids else replace(found, ids=None)

    def _request(self, line: bytes) -> SeenRequest | None:
        """One line; None if it is none, or not ours."""
        try:
            request = seen_request(json.loads(line.decode(errors="replace"), strict=False))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.broken += 1
            return None
        return request if request is not None and request.service == self._service else None

    def _requests(self, table: pa.Table) -> Requests:
        """The same from columns. Lines of one kind have the same `sent` and status; there are few kinds."""
        import pyarrow as pa

        sent = table["sent"].combine_chunks().dictionary_encode()
        kind = sent.indices.to_numpy().astype(np.int64) * _STATUSES + table["status"].to_numpy()
        kinds = pa.array(kind).dictionary_encode()
        number = kinds.indices.to_numpy()
        counts = np.bincount(number, minlength=len(kinds.dictionary))
        texts = _texts(sent.dictionary)
        seen: list[SeenRequest | None] = []
        for one, lines in zip(kinds.dictionary.to_pylist(), counts.tolist(), strict=True):
            seen.append(self._of_kind(texts[one // _STATUSES], one % _STATUSES, lines))
        ours = np.array([request is not None for request in seen], dtype=bool)[number]
        if not ours.all():
            table, number = table.filter(ours), number[ours]
        of_kind = requests_of([request or _NONE for request in seen])
        us = table["upstream_us"].combine_chunks()
        return Requests(
            **{name: getattr(of_kind, name)[number] for name in _ALIKE},
            ts=table["ts"].to_numpy(),
            timed=of_kind.timed[number] & us.is_valid().to_numpy(zero_copy_only=False),
            ms=us.fill_null(0).to_numpy() / 1000,
            user=_user_numbers(table["user"].combine_chunks()),
            ids=_texts(table["id"]) if self._ids else None,
        )

    def _of_kind(self, sent: str, status: int, lines: int) -> SeenRequest | None:
        """What all lines of a kind have in common; None if they are not ours."""
        try:
            seen = seen_request({"sent": sent, "status": status, "ts": 0, "upstream_us": 0})
        except ValueError:
            self.broken += lines
            return None
        return seen if seen is not None and seen.service == self._service else None


def table_of(data: bytes, *, ids: bool) -> pa.Table | None:
    """A row for each line; None if a line is unusual: if it is no such row, or lacks what each has."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import json as arrow

    texts, numbers = ["sent", "ts", "user", *(["id"] if ids else [])], ["status", "upstream_us"]
    schema = pa.schema([*((key, pa.string()) for key in texts), *((key, pa.int64()) for key in numbers)])
    try:
        table = arrow.read_json(
            pa.py_buffer(data),
            arrow.ReadOptions(block_size=_PART_BYTES),
            arrow.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        table = table.set_column(table.schema.get_field_index("ts"), "ts", pc.cast(table["ts"], pa.float64()))
    except pa.ArrowInvalid:
        return None
    lines = np.count_nonzero(np.frombuffer(data, dtype=np.uint8) == _LINE_END)
    if table.num_rows != lines or any(table[key].null_count for key in ("sent", "ts", "status")):
        return None
    status = table["status"].to_numpy()
    return table if ((status >= 0) & (status < _STATUSES)).all() else None


def _user_numbers(users: pa.StringArray) -> npt.NDArray[np.uint64]:
    """As user_number says; the keys the router writes are read all at once."""
    lengths = _lengths(users)
    numbers = np.zeros(len(users), dtype=np.uint64)
    keys = lengths == _KEY_LETTERS
    read = _keys(users if keys.all() else users.filter(keys)) if keys.any() else None
    if read is None:
        keys[:] = False
    else:
        numbers[keys] = read
    others = (lengths > 0) & ~keys
    if others.any():
        numbers[others] = [user_number(text_of(text)) for text in _texts(users.filter(others))]
    return numbers


def _lengths(texts: pa.StringArray) -> npt.NDArray[np.int32]:
    import pyarrow.compute as pc

    return np.asarray(pc.binary_length(texts).fill_null(0).to_numpy())


def _keys(users: pa.StringArray) -> npt.NDArray[np.uint64] | None:
    """Keys of 16 letters each; None if one is not a number in small hexadecimal digits."""
    start = int(np.frombuffer(users.buffers()[1], dtype=np.int32)[users.offset])
    letters = np.frombuffer(users.buffers()[2], dtype=np.uint8)[start : start + _KEY_LETTERS * len(users)]
    if ((letters & _CASE) == _CAPITAL).any():
        return None
    try:
        return np.maximum(np.frombuffer(unhexlify(letters.data), dtype=">u8").astype(np.uint64), np.uint64(1))
    except ValueError:
        return None


def _texts(column: Any) -> list[str]:
    """Texts as they are read from a file that may hold anything; empty for none."""
    return [(text or b"").decode(errors="replace") for text in column.cast("binary").to_pylist()]
