"""Writes a first suite for a model's inputs, from its signature in MLflow; values are left to people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from greenramp.config.expectations import Expected, Suite
from greenramp.errors import ConfigError

_INTEGERS = ["int64", "int32", "Int64", "int"]
_FLOATS = ["float64", "float32", "float"]
_TYPES: Mapping[str, list[str]] = {
    "boolean": ["bool", "boolean"],
    "integer": [*_INTEGERS, "float64"],  # pandas holds whole numbers with nulls as floats
    "long": [*_INTEGERS, "float64"],
    "float": [*_FLOATS, *_INTEGERS],
    "double": [*_FLOATS, *_INTEGERS],
    "string": ["str"],
}


def draft_inputs(model: str, columns: Sequence[Mapping[str, Any]] | None) -> Suite:
    """Columns, types, and no nulls where the signature requires a value.

    model: name and version, for the description. columns: the signature's inputs as MLflow writes them. Raises
    ConfigError when there are none, or none with names: expectations are about columns of a table.
    """
    if not columns:
        raise ConfigError(f"{model} has no signature of its inputs; log the model with one, or draft --from a table")
    if any("name" not in column or column.get("type") == "tensor" for column in columns):
        seen = json.dumps(columns)[:120]
        raise ConfigError(f"{model}: wanted a signature of named columns, as expectations are about; seen: {seen}")
    found = [one for column in columns for one in _column(column)]
    return Suite(description=f"Inputs of {model}, from its signature", expectations=tuple(found))


def _column(column: Mapping[str, Any]) -> list[Expected]:
    name, types = column["name"], _TYPES.get(str(column.get("type")))
    required = bool(column.get("required", True))
    found: list[tuple[str, dict[str, Any]]] = [("expect_column_to_exist", {})] if required else []
    if types:
        found.append(("expect_column_values_to_be_in_type_list", {"type_list": list(types)}))
    if required:
        found.append(("expect_column_values_to_not_be_null", {}))
    return [Expected(type=kind, kwargs={"column": name, **kwargs}) for kind, kwargs in found]
