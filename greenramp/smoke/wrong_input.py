"""Requests that a server must refuse, with a reason and without harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greenramp.smoke.answer import Body
from greenramp.smoke.table import Table, in_format

_TOO_LARGE_BYTES = 16 * 1024 * 1024 + 1  # one more than greenramp.serving takes
_NUMBERS = {"boolean", "integer", "long", "float", "double"}
NONSENSE = Body(b'{"nonsense": true}')


@dataclass(frozen=True)
class WrongInput:
    """A request that is wrong in one way. what: that way, in words that begin a sentence.

    may_pass: without a signature a model may answer it, if it has no need of what is missing.
    """

    what: str
    body: Body
    may_pass: bool = False


def wrong_inputs(table: Table | None, inputs: Sequence[Mapping[str, Any]] | None) -> tuple[WrongInput, ...]:
    """Everything that can be got wrong. inputs: the signature's, None without one."""
    found = [
        WrongInput("broken JSON", Body(b'{"dataframe_split": {"columns": [')),
        WrongInput("an empty body", Body(b"")),
        WrongInput("a content type nobody reads", Body(b"<row/>", "application/xml")),
        WrongInput("an unknown key", NONSENSE),
    ]
    if table and table.columns is not None:
        found += _wrong_columns(table, inputs)
    elif table and inputs:
        found += _wrong_tensor(table, inputs[0])
    return (*found, WrongInput("a body larger than is taken", Body(b" " * _TOO_LARGE_BYTES)))


def _wrong_columns(table: Table, inputs: Sequence[Mapping[str, Any]] | None) -> list[WrongInput]:
    names, row, found = table.columns or (), table.rows[0], []
    described = inputs or [{"name": name, "type": _type(cell)} for name, cell in zip(names, row, strict=True)]
    if needed := [c["name"] for c in described if c.get("required", True) and c.get("name") in names]:
        at = names.index(needed[0])
        rest = Table((*names[:at], *names[at + 1 :]), ([*row[:at], *row[at + 1 :]],))
        found.append(WrongInput(f"a row without the column {needed[0]}", _split(rest), not inputs))
    if numbers := [c["name"] for c in described if c.get("type") in _NUMBERS and c.get("name") in names]:
        at = names.index(numbers[0])
        text = Table(names, ([*row[:at], "no number", *row[at + 1 :]],))
        found.append(WrongInput(f"a text in the column {numbers[0]}", _split(text), not inputs))
    return found


def _type(cell: Any) -> str:
    return "double" if isinstance(cell, int | float) else "string"


def _split(table: Table) -> Body:
    return in_format(table, "dataframe_split")


def _wrong_tensor(table: Table, described: Mapping[str, Any]) -> list[WrongInput]:
    spec = described.get("tensor-spec") or {}
    shape, row, found = spec.get("shape") or [], table.rows[0], []
    if len(shape) > 1 and shape[1] > 1:
        found.append(WrongInput("an array of another shape", Body.of({"inputs": [row[:-1]]})))
    if spec.get("dtype") not in ("str", "object", None):
        found.append(WrongInput("texts instead of numbers", Body.of({"inputs": [_texts(row)]})))
    return found


def _texts(value: Any) -> Any:
    return [_texts(item) for item in value] if isinstance(value, list) else "no number"
