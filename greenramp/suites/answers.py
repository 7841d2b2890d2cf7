"""The answer to one request as columns of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_OUTPUTS = 64
"""Outputs that get a column; a model of more is judged by its first ones."""


def outputs_of(answers: Sequence[Any] | None) -> dict[str, Any]:
    """The answers to a request's rows as values of columns.

    rows: how many there are. prediction: the first one; where that has several outputs, the first of these, and then
    prediction_0, prediction_1.. or prediction_<name> hold all of them. None, or an empty list: no answer.
    """
    if answers is None:
        return {"rows": None, "prediction": None}
    first = answers[0] if answers else None
    if isinstance(first, Mapping):
        outputs = {f"prediction_{name}": value for name, value in list(first.items())[:MOST_OUTPUTS]}
    elif isinstance(first, list):
        outputs = {f"prediction_{at}": value for at, value in enumerate(first[:MOST_OUTPUTS])}
    else:
        return {"rows": len(answers), "prediction": first}
    return {"rows": len(answers), "prediction": next(iter(outputs.values()), None), **outputs}
