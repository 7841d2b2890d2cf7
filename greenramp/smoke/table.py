"""A model's example as rows, and the same rows in every format MLflow's scoring protocol has."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Any

from greenramp.smoke.answer import CSV, Body

FORMATS = ("dataframe_split", "dataframe_records", "inputs", "instances", "csv")
_PLAIN = {"boolean", "integer", "long", "float", "double", "string"}
_WHOLE = {"boolean", "integer", "long"}


@dataclass(frozen=True)
class Table:
    """columns: names of a frame's columns; None for an array. rows: a list of cells each, nested for an array."""

    columns: tuple[str, ...] | None
    rows: tuple[Any, ...]

    def first(self, count: int) -> Table:
        """Its first rows."""
        return replace(self, rows=self.rows[:count])

    def repeated(self, count: int) -> Table:
        """As many rows as wanted, over and over the same."""
        return replace(self, rows=tuple(islice(cycle(self.rows), count)))


def table_of(payloads: Sequence[Any]) -> Table | None:
    """All rows of these payloads; None when one is in a form that holds no rows, or they don't go together."""
    tables = [_table(payload) for payload in payloads]
    if not tables or any(table is None or table.columns != tables[0].columns for table in tables if tables[0]):
        return None
    columns = tables[0].columns if tables[0] else None
    rows = tuple(row for table in tables if table for row in table.rows)
    return Table(columns, rows) if rows else None


def _table(payload: Any) -> Table | None:
    """One payload's rows. With `params` a request can't be said in every format, so that is none."""
    if not isinstance(payload, dict) or len(payload) != 1:
        return None
    (form, data), *_ = payload.items()
    if form == "dataframe_split" and isinstance(data, dict):
        columns, rows = data.get("columns"), data.get("data")
        return Table(tuple(columns or ()), tuple(rows)) if _named(columns) and isinstance(rows, list) else None
    if not isinstance(data, list) or not data:
        return None
    if all(isinstance(row, dict) and row.keys() == data[0].keys() for row in data):
        return Table(tuple(data[0]), tuple(list(row.values()) for row in data)) if _named(list(data[0])) else None
    return Table(None, tuple(data)) if form != "dataframe_records" and all(isinstance(r, list) for r in data) else None


def _named(columns: Any) -> bool:
    return isinstance(columns, list) and bool(columns) and all(isinstance(name, str) for name in columns)


def in_format(table: Table, form: str) -> Body:
    """These rows as the body of a request; the caller has asked `unfit` first."""
    names, rows = table.columns or (), table.rows
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([["" if _missing(cell) else cell for cell in row] for row in rows])
        return Body(text.getvalue().encode(), CSV)
    if form == "dataframe_split":
        return Body.of({form: {"columns": list(names), "data": list(rows)}})
    if table.columns is None:
        return Body.of({form: list(rows)})
    if form == "inputs":
        return Body.of({form: {name: [row[at] for row in rows] for at, name in enumerate(names)}})
    return Body.of({form: [dict(zip(names, row, strict=True)) for row in rows]})


def unfit(table: Table, form: str, inputs: Sequence[Mapping[str, Any]] | None) -> str:
    """Why these rows can't be said in a format; empty when they can. inputs: the signature's, None without one."""
    if table.columns is None:
        return "" if form in ("inputs", "instances") else "the model takes an array, not a table"
    if form in ("dataframe_split", "dataframe_records"):
        return ""
    if not inputs:
        return "without a signature MLflow can't tell the columns' types there"
    types = {column.get("name"): str(column.get("type")) for column in inputs}
    if odd := sorted({types.get(name, "unknown") for name in table.columns} - _PLAIN):
        return f"MLflow takes no column of type {', '.join(odd)} there"
    cells = [(types[name], row[at]) for row in table.rows for at, name in enumerate(table.columns)]
    if form == "csv":
        if any(cell == "" for _, cell in cells):
            return "an empty text would be read as a missing one"
        return "missing whole numbers can't be said there" if any(t in _WHOLE and _missing(c) for t, c in cells) else ""
    return "missing values would be read as other values" if any(_missing(cell) for _, cell in cells) else ""


def _missing(cell: Any) -> bool:
    """Whether there is no value: null, or the NaN that MLflow writes into examples."""
    return cell is None or cell != cell
