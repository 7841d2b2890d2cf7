"""Finds the values of each column in a request's JSON, in the forms that the scoring protocol has for rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from greenramp.serving.plaincolumns import NotPlain, Values


class Table(NamedTuple):
    """What a request holds: `values` has for each wanted column its values, top to bottom."""

    values: Values
    labels: list[int] | None = None  # of the rows, where the request has them


def read_split(data: Any, names: Sequence[str]) -> Table:
    """Read {"columns": [...], "data": [[...], ...]}, with or without the index that pandas would give by itself."""
    if type(data) is not dict or not {"columns", "data"} <= data.keys() <= {"columns", "data", "index"}:
        raise NotPlain
    columns, rows, index = data["columns"], data["data"], data.get("index")
    if type(columns) is not list or type(rows) is not list or not rows:
        raise NotPlain
    if set(map(type, rows)) != {list} or set(map(len, rows)) != {len(columns)}:
        raise NotPlain
    if index is not None and (
        type(index) is not list or index != list(range(len(rows))) or set(map(type, index)) != {int}
    ):
        raise NotPlain
    values = list(zip(*rows, strict=True))
    if columns != names:
        at = _positions(columns, names)
        values = [values[at[name]] for name in names]
    return Table(values, index)


def read_records(data: Any, names: Sequence[str]) -> Table:
    """Read [{"column": value, ...}, ...]."""
    if type(data) is not list or not data or set(map(type, data)) != {dict}:
        raise NotPlain
    wanted = set(names)
    if any(record.keys() != wanted for record in data):
        raise NotPlain
    return Table([[record[name] for record in data] for name in names])


def read_columns(data: Any, names: Sequence[str]) -> Table:
    """Read {"column": [value, ...], ...}."""
    if type(data) is not dict or data.keys() != set(names):
        raise NotPlain
    values = [data[name] for name in names]
    if set(map(type, values)) != {list} or len(set(map(len, values))) != 1 or not values[0]:
        raise NotPlain
    return Table(values)


def read_inputs(data: Any, names: Sequence[str]) -> Table:
    """Read either: records, or columns."""
    return read_records(data, names) if type(data) is list else read_columns(data, names)


def _positions(columns: list[Any], names: Sequence[str]) -> dict[str, int]:
    if len(columns) != len(names) or set(columns) != set(names):
        raise NotPlain
    return {name: place for place, name in enumerate(columns)}


def write_split(names: Sequence[str], values: Values) -> Any:
    """Write what `read_split` reads."""
    return {"columns": list(names), "data": [list(row) for row in zip(*values, strict=True)]}


def write_records(names: Sequence[str], values: Values) -> Any:
    """Write what `read_records` reads."""
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


def write_columns(names: Sequence[str], values: Values) -> Any:
    """Write what `read_columns` reads."""
    return {name: list(column) for name, column in zip(names, values, strict=True)}


class Form(NamedTuple):
    """A key of the protocol: how to read the rows under it, and how they can be written."""

    read: Callable[[Any, Sequence[str]], Table]
    writes: tuple[Callable[[Sequence[str], Values], Any], ...]


FORMS = {
    "dataframe_split": Form(read_split, (write_split,)),
    "dataframe_records": Form(read_records, (write_records,)),
    "instances": Form(read_records, (write_records,)),
    "inputs": Form(read_inputs, (write_columns, write_records)),
}
