"""Types of columns: which one takes all that another took, and how they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from greenramp.preflight.change import Change, breaking, widening

_SAFE = {("integer", "long"), ("integer", "double"), ("float", "double")}
_SAFE_AS_TEXT = {("long", "double")}
_PARQUET = "JSON and CSV are converted, but MLflow refuses 64-bit integers of Parquet requests"

_FAMILY = {"integer": "whole", "long": "whole", "float": "real", "double": "real"}
"""Numbers of one family are written alike in JSON answers."""


def shown(spec: Mapping[str, Any]) -> str:
    """A type in short: double, array of long, object of (a, b?), tensor float32 [-1, 4]."""
    kind = str(spec.get("type"))
    if kind == "tensor":
        return f"tensor {spec['tensor-spec']['dtype']} {list(spec['tensor-spec']['shape'])}"
    if kind == "array":
        return f"array of {shown(spec['items'])}"
    if kind == "map":
        return f"map of {shown(spec['values'])}"
    if kind == "object":
        names = (f"{name}{'' if required(of) else '?'}" for name, of in sorted(spec["properties"].items()))
        return f"object of ({', '.join(names)})"
    return kind


def required(spec: Mapping[str, Any]) -> bool:
    """Whether a column or property must be there; MLflow's own default is yes."""
    return bool(spec.get("required", True))


def is_scalar(spec: Mapping[str, Any]) -> bool:
    """Whether a column holds one plain value a row."""
    return spec.get("type") not in ("array", "object", "map", "any", "sparkml_vector", "tensor")


def type_changes(where: str, was: Mapping[str, Any], now: Mapping[str, Any], inside: bool = False) -> Iterator[Change]:
    """What a value of type `was` meets where `now` is wanted; `inside` a list or an object nothing is converted."""
    kinds = (str(was.get("type")), str(now.get("type")))
    if kinds == ("array", "array"):
        yield from type_changes(f"{where}[]", was["items"], now["items"], inside=True)
    elif kinds == ("map", "map"):
        yield from type_changes(f"{where}{{}}", was["values"], now["values"], inside=True)
    elif kinds == ("object", "object"):
        yield from _object_changes(where, was["properties"], now["properties"])
    elif kinds in _SAFE:
        yield widening(f"{where} takes a wider type", shown(was), shown(now))
    elif kinds in _SAFE_AS_TEXT and not inside:
        yield widening(f"{where} takes a wider type", shown(was), shown(now), caveat=_PARQUET)
    elif kinds[0] != kinds[1]:
        yield breaking(f"{where} has another type", shown(was), shown(now))


def need_changes(where: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """A column or property that may now be left out, or must now be there."""
    if required(was) and not required(now):
        yield widening(f"{where} may be left out", "required", "optional")
    elif required(now) and not required(was):
        yield breaking(f"{where} must now be given", "optional", "required")


def same_reading(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether answers of these two types read alike in JSON: numbers of one family, or the very same type."""
    return _reading(was) == _reading(now)


def _reading(spec: Mapping[str, Any]) -> object:
    if spec["type"] == "tensor":
        dtype = str(spec["tensor-spec"]["dtype"])
        family = "whole" if dtype.startswith(("int", "uint")) else "real" if dtype.startswith("float") else dtype
        return family, list(spec["tensor-spec"]["shape"])
    kept = {key: value for key, value in spec.items() if key not in ("name", "required")}
    return {**kept, "type": _FAMILY.get(spec["type"], spec["type"])}


def _object_changes(where: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """Unlike a table's columns, properties that an object does not know are refused."""
    for name in sorted(was.keys() - now.keys()):
        yield breaking(f"{where}.{name} is refused now: objects take no unknown property", shown(was[name]), "")
    for name in sorted(now.keys() - was.keys()):
        added = breaking if required(now[name]) else widening
        yield added(f"{where}.{name} is new, {_need(now[name])}", "", shown(now[name]))
    for name in sorted(was.keys() & now.keys()):
        yield from need_changes(f"{where}.{name}", was[name], now[name])
        yield from type_changes(f"{where}.{name}", was[name], now[name], inside=True)


def _need(spec: Mapping[str, Any]) -> str:
    return "required" if required(spec) else "optional"
