"""Lines of the router's log into rows by the fields between their commas: less work than reading them as JSON.

Only lines are read this way that look as Envoy writes those of requests that were answered well: these keys in this
order, in ASCII, nothing escaped, and no comma but between the fields. What it says of a line is what JSON says of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from greenramp.clients.requestrows import STATUSES, Rows, texts_of
from greenramp.clients.userkeys import user_numbers
from greenramp.gates.events import Bools, Ints

if TYPE_CHECKING:
    import pyarrow as pa

_KEYS = ("id", "sent", "status", "ts", "upstream_us", "us", "user", "v")
_FEW = ("sent", "status", "v")
_ID, _TS, _UPSTREAM_US, _US, _USER = b'{"id":"', b'"ts":"', b'"upstream_us":', b'"us":', b'"user":"'
_FEW_OTHERS, _ONE_IN = 32, 8
"""With more failures than so many, and than one in so many lines, all are read sooner as JSON."""

_QUOTE, _ESCAPE = b'"\\'
_END = 2**31 - 1
"""Of any text: left to Arrow, it is so far away that an even number of texts becomes a buffer of negative length."""


def rows_by_fields(data: bytes, lines: int, *, ids: bool) -> tuple[Rows, Bools] | None:
    """Rows of the lines that can be read this way, and which of all lines those are; None if none can be told."""
    import pyarrow as pa

    if not data.isascii():
        return None
    try:
        fields, others = _fields(data, lines)
        rows, fit = _rows(fields, ids=ids)
    except pa.ArrowInvalid:
        return None
    read = np.ones(fit.size + len(others), dtype=bool)
    read[others] = False
    read[read] = fit
    return rows, read


def _fields(data: bytes, lines: int) -> tuple[dict[str, pa.Array], list[int]]:
    """The fields of each line that has eight, and the numbers of the others."""
    import pyarrow as pa
    from pyarrow import csv

    others: list[int] = []
    most = max(_FEW_OTHERS, lines // _ONE_IN)

    def leave_out(row: csv.InvalidRow) -> str:
        others.append(row.number - 1)
        return "skip" if len(others) <= most else "error"

    few, text = pa.dictionary(pa.int32(), pa.binary()), pa.binary()
    table = csv.read_csv(
        pa.py_buffer(data),
        csv.ReadOptions(use_threads=False, block_size=len(data), column_names=_KEYS),
        csv.ParseOptions(quote_char=False, ignore_empty_lines=False, invalid_row_handler=leave_out),
        csv.ConvertOptions(check_utf8=False, column_types={key: few if key in _FEW else text for key in _KEYS}),
    )
    if table.num_rows + len(others) != lines:
        raise pa.ArrowInvalid("lines end in several ways")
    return {key: table[key].chunk(0) for key in _KEYS}, others


def _rows(fields: Mapping[str, pa.Array], *, ids: bool) -> tuple[Rows, Bools]:
    """Rows of the lines all of whose fields are as they should be, and which lines those are."""
    import pyarrow.compute as pc

    kinds, kind = _kinds([fields[key] for key in _FEW])
    nobody = pc.equal(fields["user"], b'"user":null')
    untimed = pc.equal(fields["upstream_us"], b'"upstream_us":null')
    fit = (
        (kind >= 0)
        & _is_text(fields["id"], _ID)
        & _is_text(fields["ts"], _TS)
        & (_is_number(fields["upstream_us"], _UPSTREAM_US) | _bools(untimed))
        & _is_number(fields["us"], _US)
        & (_is_text(fields["user"], _USER) | _bools(nobody))
    )
    if not fit.all():
        fields = {key: fields[key].filter(fit) for key in ("id", "ts", "upstream_us", "user")}
        kind, nobody, untimed = kind[fit], nobody.filter(fit), untimed.filter(fit)
    request_id, user = _inside(fields["id"], _ID), _inside(fields["user"], _USER)
    us = pc.if_else(untimed, b"0", pc.binary_slice(fields["upstream_us"], len(_UPSTREAM_US), _END))
    rows = Rows(
        kinds,
        kind,
        ts=_inside(fields["ts"], _TS).cast("string").cast("float64").to_numpy(),
        us=us.cast("string").cast("int64").to_numpy(),
        timed=~_bools(untimed),
        user=user_numbers(pc.if_else(nobody, b"", user)),
        ids=texts_of(request_id) if ids else None,
    )
    return rows, fit


def _kinds(few: Sequence[pa.DictionaryArray]) -> tuple[list[tuple[str, int]], Ints]:
    """The different rows of these fields, and the number of each line's; below 0 for what is none."""
    import pyarrow as pa

    places = np.zeros(len(few[0]), dtype=np.int64)
    for column in few:
        places = places * len(column.dictionary) + column.indices.to_numpy()
    found = pa.array(places).dictionary_encode()
    kinds: list[tuple[str, int]] = []
    numbers = []
    for place in found.dictionary.to_numpy():
        at = np.unravel_index(place, [len(column.dictionary) for column in few])
        kind = _kind([column.dictionary[int(n)].as_py() for column, n in zip(few, at, strict=True)])
        numbers.append(-1 if kind is None else len(kinds))
        kinds += [] if kind is None else [kind]
    return kinds, np.array(numbers, dtype=np.int64)[found.indices.to_numpy()]


def _kind(fields: Sequence[bytes]) -> tuple[str, int] | None:
    """`sent` and status, if these fields, and the end of the line, are what they should be."""
    try:
        pairs = json.loads(b"{" + b",".join(fields), object_pairs_hook=list, strict=False)
    except ValueError:
        return None
    if not isinstance(pairs, list) or [key for key, _ in pairs] != list(_FEW):
        return None
    sent, status, _ = (value for _, value in pairs)
    return (sent, status) if type(sent) is str and type(status) is int and 0 <= status < STATUSES else None


def _is_text(column: pa.Array, before: bytes) -> Bools:
    import pyarrow.compute as pc

    some = pc.greater(pc.binary_length(column), len(before))
    return _bools(pc.starts_with(column, before)) & _bools(pc.ends_with(column, b'"')) & _bools(some)


def _is_number(column: pa.Array, before: bytes) -> Bools:
    import pyarrow.compute as pc

    digits = pc.binary_slice(column, len(before), _END).cast("string")
    return _bools(pc.starts_with(column, before)) & _bools(pc.ascii_is_decimal(digits))


def _inside(column: pa.Array, before: bytes) -> pa.Array:
    """The texts of fields that are texts; raises ArrowInvalid if anything is escaped in one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.binary_slice(column, len(before), -1)
    letters = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    if (letters == _QUOTE).any() or (letters == _ESCAPE).any():
        raise pa.ArrowInvalid("something is escaped")
    return texts


def _bools(column: pa.Array) -> Bools:
    return np.asarray(column.to_numpy(zero_copy_only=False))
