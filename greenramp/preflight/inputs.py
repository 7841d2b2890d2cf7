"""Would today's requests be taken by another signature, and mean the same.

What MLflow does with a request was seen by running MLflow 3.17 (tests/preflight/test_enforcement.py runs it again):
named columns are matched by name and extra ones ignored; JSON and CSV values are converted to the signature's type, so
that 2**40 becomes 0 as an integer and 1.5 becomes 1 as a long, without a word; typed values of Parquet are refused
unless the signature is wider.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from greenramp.preflight.change import Change, breaking, compatible, widening
from greenramp.preflight.description import Signature, Specs
from greenramp.preflight.tensors import tensor_changes
from greenramp.preflight.types import is_scalar, need_changes, required, shown, type_changes

_ONE_ROW = 'only a single row sent as {"inputs": {column: value}} is refused when it has a column too many'


def input_changes(was: Signature, now: Signature) -> Iterator[Change]:
    """Every difference that a sender of requests may meet; nothing when both sides take the same.

    An unnamed input is known by its place only, so that no change of several is safe.
    """
    if was.inputs is None or now.inputs is None:
        if was.inputs is not None:
            yield widening(
                "inputs are not described any more", _names(was.inputs), "", "nothing checks or converts them"
            )
        elif now.inputs is not None:
            yield widening(
                "inputs are described for the first time", "", _names(now.inputs), "requests are checked now"
            )
        return
    if was.from_type_hint != now.from_type_hint:
        yield breaking("requests are checked by type hints on one side only", _checked_by(was), _checked_by(now))
    if list(was.inputs) == list(now.inputs):
        return
    if (before := _form(was.inputs)) != (after := _form(now.inputs)):
        yield breaking("inputs have another form", before, after)
    elif before == "unnamed tensor":
        yield from tensor_changes("the input", was.inputs[0], now.inputs[0])
    elif before == "unnamed columns":
        yield breaking("unnamed columns, known by their place, differ", _types(was.inputs), _types(now.inputs))
    else:
        yield from _named_changes(was.inputs, now.inputs)


def param_changes(was: Specs, now: Specs) -> Iterator[Change]:
    """Differences of parameters: MLflow drops unknown ones without refusing, so a removed one loses its meaning."""
    before, after = {spec["name"]: spec for spec in was}, {spec["name"]: spec for spec in now}
    for name in sorted(before.keys() - after.keys()):
        yield breaking(f"parameter {name} is ignored now", shown(before[name]), "")
    for name in sorted(after.keys() - before.keys()):
        yield widening(f"parameter {name} is new, default {after[name].get('default')!r}", "", shown(after[name]))
    for name in sorted(before.keys() & after.keys()):
        a, b = before[name], after[name]
        if a.get("shape") != b.get("shape"):
            yield breaking(f"parameter {name} has another shape", str(a.get("shape")), str(b.get("shape")))
        for change in type_changes(f"parameter {name}", a, b):
            yield replace(change, caveat="")  # parameters are never typed values of Parquet
        if a.get("default") != b.get("default"):
            caveat = "requests that leave it out are answered with the new one"
            yield widening(
                f"parameter {name} has another default", repr(a.get("default")), repr(b.get("default")), caveat
            )


def _named_changes(was: Specs, now: Specs) -> Iterator[Change]:
    before, after = {spec["name"]: spec for spec in was}, {spec["name"]: spec for spec in now}
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    kept = [name for name in before if name in after]
    if removed and not any(required(before[name]) for name in kept):
        yield breaking("no column that every request has is used any more", _names(was), _names(now))
    elif len(was) == 1 and added:
        yield breaking("a bare list of values is taken only by a single column", _names(was), _names(now))
    elif (removed or added) and _reads_dicts_otherwise(was, now):
        yield breaking("with other lists or objects MLflow cuts requests into rows otherwise", _names(was), _names(now))
    for name in removed:
        yield widening(f"column {name} is not used any more; MLflow ignores it", shown(before[name]), "", _ONE_ROW)
    for name in added:
        kind = breaking if required(after[name]) else widening
        need = "required" if required(after[name]) else "optional"
        yield kind(f"column {name} is new, {need}", "", shown(after[name]))
    for name in kept:
        yield from need_changes(f"column {name}", before[name], after[name])
        changes = tensor_changes if before[name]["type"] == "tensor" else type_changes
        yield from changes(f"column {name}", before[name], after[name])
    if kept != [name for name in after if name in before]:
        yield compatible("columns stand in another order; MLflow matches them by name", _names(was), _names(now))


def _reads_dicts_otherwise(was: Specs, now: Specs) -> bool:
    """Whether {"inputs": {column: values}} may be another number of rows for one side (mlflow _enforce_schema)."""
    lists = [any(spec["type"] in ("array", "object") for spec in specs) for specs in (was, now)]
    odd = any(not is_scalar(spec) and spec["type"] != "tensor" for spec in (*was, *now))
    return lists[0] != lists[1] or (odd and not all(lists))


def _form(specs: Specs) -> str:
    unit = "tensor" if specs and specs[0]["type"] == "tensor" else "columns"
    return f"named {unit}" if specs and "name" in specs[0] else f"unnamed {unit}"


def _checked_by(signature: Signature) -> str:
    return "type hints" if signature.from_type_hint else "MLflow's schema"


def _names(specs: Specs) -> str:
    return ", ".join(str(spec.get("name", shown(spec))) for spec in specs)


def _types(specs: Specs) -> str:
    return ", ".join(shown(spec) for spec in specs)
