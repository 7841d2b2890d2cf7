"""Lines of the router's log into rows by Arrow's reader of JSON, many lines at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from greenramp.clients.requestrows import STATUSES, Rows, texts_of
from greenramp.clients.userkeys import user_numbers

if TYPE_CHECKING:
    import pyarrow as pa

_PART_BYTES = 1024 * 1024
"""What one processor reads at a time; a longer line is read by itself."""

_MOST_BRACKETS = 500
"""Beside one a line, which is all that the router writes. Arrow dies, its process too, of thousands in each other."""


def rows_by_json(data: bytes, lines: int, *, ids: bool) -> Rows | None:
    """A row for each of so many lines; None if a line is unusual: if it is no such row, or lacks what each has."""
    import pyarrow as pa

    if data.count(b"[") + data.count(b"{") > lines + _MOST_BRACKETS or (table := _table(data, lines, ids=ids)) is None:
        return None
    sent = table["sent"].combine_chunks().dictionary_encode()
    kinds = pa.array(sent.indices.to_numpy().astype(np.int64) * STATUSES + table["status"].to_numpy())
    kinds = kinds.dictionary_encode()
    texts = texts_of(sent.dictionary)
    us = table["upstream_us"].combine_chunks()
    return Rows(
        kinds=[(texts[kind // STATUSES], kind % STATUSES) for kind in kinds.dictionary.to_pylist()],
        kind=kinds.indices.to_numpy().astype(np.int64),
        ts=table["ts"].to_numpy(),
        us=us.fill_null(0).to_numpy(),
        timed=us.is_valid().to_numpy(zero_copy_only=False),
        user=user_numbers(table["user"].combine_chunks()),
        ids=texts_of(table["id"]) if ids else None,
    )


def _table(data: bytes, lines: int, *, ids: bool) -> pa.Table | None:
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
    if table.num_rows != lines or any(table[key].null_count for key in ("sent", "ts", "status")):
        return None
    status = table["status"].to_numpy()
    return table if ((status >= 0) & (status < STATUSES)).all() else None
