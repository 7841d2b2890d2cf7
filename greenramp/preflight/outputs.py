"""Would today's readers read another version's answers rightly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from greenramp.preflight.change import Change, breaking, compatible, widening
from greenramp.preflight.description import Signature, Specs
from greenramp.preflight.types import required, same_reading, shown

_LIST = {"int": "long", "uin": "long", "flo": "double", "boo": "boolean", "str": "string"}


def output_changes(was: Signature, now: Signature) -> Iterator[Change]:
    """Every difference a reader of JSON answers may meet.

    A one-dimensional tensor and a single unnamed column are both written as a plain list. Whether a single *named*
    column is written as a list or as {"name": value} depends on what the model returns, which no file tells.
    """
    if was.outputs is None or now.outputs is None:
        if was.outputs is not None:
            yield widening("answers are not described any more", _shown(was.outputs), "", "compare them by hand")
        elif now.outputs is not None:
            yield compatible("answers are described for the first time", "", _shown(now.outputs))
        return
    before, after = [tuple(_as_column(spec) for spec in side) for side in (was.outputs, now.outputs)]
    if before == after:
        if list(was.outputs) != list(now.outputs):
            yield compatible("answers are written alike", _shown(was.outputs), _shown(now.outputs))
    elif len(before) == len(after) == 1:
        yield from _single_changes(before[0], after[0])
    elif all("name" in spec for spec in (*before, *after)):
        yield from _named_changes(before, after)
    elif len(before) != len(after) or not all(map(_alike, before, after)):
        yield breaking("answers have another form", _shown(before), _shown(after))
    else:
        yield widening("answers have other number types", _shown(before), _shown(after))


def _single_changes(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    if not _alike(was, now):
        yield breaking("answers have another type", shown(was), shown(now))
        return
    if shown(was) != shown(now):
        yield widening("answers have another number type", shown(was), shown(now))
    if was.get("name") != now.get("name"):
        caveat = "harmless where answers are plain lists, not where readers look for the name"
        yield widening("the answer has another name", _name(was), _name(now), caveat)


def _name(spec: Mapping[str, Any]) -> str:
    return str(spec.get("name", "no name"))


def _named_changes(was: Specs, now: Specs) -> Iterator[Change]:
    before, after = {spec["name"]: spec for spec in was}, {spec["name"]: spec for spec in now}
    for name in sorted(before.keys() - after.keys()):
        yield breaking(f"answers have no {name} any more", shown(before[name]), "")
    for name in sorted(after.keys() - before.keys()):
        yield widening(f"answers have {name} too", "", shown(after[name]))
    for name in sorted(before.keys() & after.keys()):
        if not _alike(before[name], after[name]):
            yield breaking(f"answer {name} has another type", shown(before[name]), shown(after[name]))
        elif shown(before[name]) != shown(after[name]):
            yield widening(f"answer {name} has another number type", shown(before[name]), shown(after[name]))
    if before == after:
        yield compatible("answers have their columns in another order", _shown(was), _shown(now))


def _alike(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the answers read alike; what was always there must not be missing now."""
    return same_reading(was, now) and (required(now) or not required(was))


def _as_column(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tensor of one dimension as the column it is written like; every other spec as it is, its need spelled out."""
    if spec["type"] != "tensor":
        return {**spec, "required": required(spec)}
    kind = _LIST.get(spec["tensor-spec"]["dtype"][:3])
    if kind is None or "name" in spec or list(spec["tensor-spec"]["shape"]) != [-1]:
        return spec
    return {"type": kind, "required": True}


def _shown(specs: Specs) -> str:
    return ", ".join(f"{spec['name']} {shown(spec)}" if "name" in spec else shown(spec) for spec in specs)
