"""What a request asked about, as the prediction log keeps it: the columns and rows of its data, where it has such."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

MAX_BODY_BYTES = 1024 * 1024  # of a larger request nothing is kept: even reading it would cost

_Table = tuple[list[Any] | None, list[Any]]  # columns, where they have names, and rows


def inputs_in(body: bytes, only: Sequence[str] | None = None) -> dict[str, Any] | None:
    """Give {"columns": [...], "rows": [[...], ...]} of a request, of all columns or of those in `only` that it has.

    The columns of arrays have no names: null, and only where all are kept. None for a request that is not JSON in one
    of the forms for rows. What a row lacks is null, as are NaN and infinity.
    """
    try:
        request = _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        return None
    table = _table(request) if isinstance(request, dict) else None
    if table is None:
        return None
    columns, rows = table
    if columns is None:
        return {"columns": None, "rows": rows} if only is None else None
    places = [place for place, name in enumerate(columns) if only is None or name in only]
    return {"columns": [columns[place] for place in places], "rows": [[row[place] for place in places] for row in rows]}


_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)


def _table(request: dict[str, Any]) -> _Table | None:
    if "dataframe_split" in request:
        return _of_split(request["dataframe_split"])
    data = next((request[key] for key in ("dataframe_records", "inputs", "instances") if key in request), None)
    return _of_records(data) if isinstance(data, list) else _of_columns(data)


def _of_split(data: Any) -> _Table | None:
    columns, rows = (data.get("columns"), data.get("data")) if isinstance(data, dict) else (None, None)
    if not isinstance(columns, list) or not isinstance(rows, list):
        return None
    if not all(isinstance(row, list) and len(row) == len(columns) for row in rows):
        return None
    return columns, list(rows)


def _of_records(data: list[Any]) -> _Table | None:
    if data and not any(isinstance(record, dict) for record in data):
        return None, data
    if not data or not all(isinstance(record, dict) for record in data):
        return None
    columns = list(dict.fromkeys(name for record in data for name in record))
    return columns, [[record.get(name) for name in columns] for record in data]


def _of_columns(data: Any) -> _Table | None:
    if not isinstance(data, dict) or not data or not all(isinstance(column, list) for column in data.values()):
        return None
    if len({len(column) for column in data.values()}) > 1:
        return None
    return list(data), list(zip(*data.values(), strict=True))
