"""How far two answers to one request are apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from greenramp.shadow.kinds import Kind, Shape, is_finite, is_number, plain

ROUNDING = 1e-6
"""Relative difference that numbers inside nested answers may have and still be equal."""


class Tolerances(NamedTuple):
    """When two answers are the same.

    same_within: of numbers, in parts of the champion's spread; of probabilities, and 1 - overlap of rankings, as they
    are. threshold: of a probability, above which it is a "yes"; None compares no decisions. top: places of a ranking.
    """

    same_within: float = 0.2
    threshold: float | None = None
    top: int = 10


class Compared(NamedTuple):
    """What a pair of answers says.

    agree: whether all rows are the same; None when a side gave nothing valid to compare.
    difference: mean over the rows, in the unit of `Tolerances.same_within`; None where there is no more or less.
    rows: each row's values, champion's and candidate's: labels as text, or numbers; the place of the largest of
        several; the first of a ranking; nothing where answers have no names.
    live_wrong, candidate_wrong: why a side's answer is not valid, in words; "" when it is.
    """

    agree: bool | None
    difference: float | None
    rows: list[tuple[Any, Any]]
    live_wrong: str = ""
    candidate_wrong: str = ""


_Rows = Callable[[Any, Any, Shape, Tolerances], tuple[bool, float | None, tuple[Any, Any]]]


def compare(shape: Shape, tolerances: Tolerances, live: Sequence[Any], candidate: Sequence[Any]) -> Compared:
    """Hold the candidate's rows against the champion's."""
    mine, theirs = [plain(row) for row in candidate], [plain(row) for row in live]
    live_wrong = fault_in(theirs, shape)
    candidate_wrong = fault_in(mine, shape)
    if not candidate_wrong and len(mine) != len(theirs):
        candidate_wrong = f"{len(mine)} rows where the champion gives {len(theirs)}"
    if not (candidate_wrong or live_wrong) and shape.kind in (Kind.LABELS, Kind.OTHER):
        candidate_wrong = _another_type(theirs, mine)
    if live_wrong or candidate_wrong:
        return Compared(None, None, [], live_wrong, candidate_wrong)
    row = _ROWS[shape.kind]
    same, total, values = True, 0.0, []
    for a, b in zip(theirs, mine, strict=True):
        agree, difference, pair = row(a, b, shape, tolerances)
        same = same and agree
        total += difference or 0.0
        values.append(pair)
    return Compared(same, total / len(mine) if shape.kind.measurable else None, values)


def fault_in(rows: Sequence[Any], shape: Shape) -> str:
    """Why rows of one answer are not what this model answers, in words; "" when they are."""
    if not rows:
        return "no rows"
    check = _FAULTS.get(shape.kind, _nothing)
    for row in rows:
        if fault := check(row, shape.width):
            return fault
    return ""


def label_text(value: Any) -> str:
    """A class's name: 3 and 3.0 are one, and true is none of them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:60]


def _labels(a: Any, b: Any, _: Shape, __: Tolerances) -> tuple[bool, float | None, tuple[Any, Any]]:
    return a == b, None, (label_text(a), label_text(b))


def _numbers(a: float, b: float, shape: Shape, tolerances: Tolerances) -> tuple[bool, float | None, tuple[Any, Any]]:
    difference = abs(b - a) / shape.spreads[0]
    return difference <= tolerances.same_within, difference, (a, b)


def _probability(a: float, b: float, _: Shape, tolerances: Tolerances) -> tuple[bool, float | None, tuple[Any, Any]]:
    limit, difference = tolerances.threshold, abs(b - a)
    same = difference <= tolerances.same_within if limit is None else (a >= limit) == (b >= limit)
    return same, difference, (a, b)


def _largest(a: list[float], b: list[float], _: Shape, __: Tolerances) -> tuple[bool, float | None, tuple[Any, Any]]:
    difference = max(abs(y - x) for x, y in zip(a, b, strict=True))
    first, second = a.index(max(a)), b.index(max(b))
    return first == second, difference, (f"class {first}", f"class {second}")


def _outputs(
    a: list[float], b: list[float], shape: Shape, tolerances: Tolerances
) -> tuple[bool, float | None, tuple[Any, Any]]:
    apart = [abs(y - x) / spread for x, y, spread in zip(a, b, shape.spreads, strict=True)]
    worst = max(apart)
    return worst <= tolerances.same_within, worst, (f"output {apart.index(worst)}", "")


def _rankings(
    a: list[Any], b: list[Any], _: Shape, tolerances: Tolerances
) -> tuple[bool, float | None, tuple[Any, Any]]:
    top = min(tolerances.top, max(len(a), len(b)))
    overlap = len(set(a[:top]) & set(b[:top])) / top
    return a[0] == b[0] and 1 - overlap <= tolerances.same_within, 1 - overlap, (label_text(a[0]), label_text(b[0]))


def _other(a: Any, b: Any, _: Shape, __: Tolerances) -> tuple[bool, float | None, tuple[Any, Any]]:
    return _alike(a, b), None, ("", "")


_ROWS: Mapping[Kind, _Rows] = {
    Kind.LABELS: _labels,
    Kind.NUMBERS: _numbers,
    Kind.PROBABILITY: _probability,
    Kind.CLASS_PROBABILITIES: _largest,
    Kind.OUTPUTS: _outputs,
    Kind.RANKINGS: _rankings,
    Kind.OTHER: _other,
}


def _no_number(row: Any, _: int) -> str:
    return "" if is_finite(row) else _instead(row, "a number")


def _no_numbers(row: Any, width: int) -> str:
    if not isinstance(row, list):
        return _instead(row, f"{width} numbers")
    if len(row) != width:
        return f"{len(row)} numbers instead of {width}"
    return next((_instead(value, "a number") for value in row if not is_finite(value)), "")


def _no_label(row: Any, _: int) -> str:
    fine = isinstance(row, str | bool) or is_finite(row)
    return "" if fine else _instead(row, "a class")


def _no_ranking(row: Any, _: int) -> str:
    if not isinstance(row, list) or not row:
        return _instead(row, "a list of ids") if row != [] else "an empty list instead of ids"
    return next((_instead(value, "an id") for value in row if not isinstance(value, str | int)), "")


def _nothing(row: Any, _: int) -> str:
    return "" if row is not None else _instead(row, "a value")


_FAULTS: Mapping[Kind, Callable[[Any, int], str]] = {
    Kind.LABELS: _no_label,
    Kind.NUMBERS: _no_number,
    Kind.PROBABILITY: _no_number,
    Kind.CLASS_PROBABILITIES: _no_numbers,
    Kind.OUTPUTS: _no_numbers,
    Kind.RANKINGS: _no_ranking,
}


def _instead(value: Any, wanted: str) -> str:
    return f"{type_word(value)} instead of {wanted}"


def _another_type(live: Sequence[Any], candidate: Sequence[Any]) -> str:
    for a, b in zip(live, candidate, strict=True):
        if (word := type_word(b)) != (wanted := type_word(a)):
            return f"{word} instead of {wanted}"
    return ""


def type_word(value: Any) -> str:
    """What a value is, in a word or two."""
    if value is None:
        return "null"
    if is_number(value):
        return "a number" if is_finite(value) else "NaN or infinity"
    words = {bool: "true or false", str: "text", list: "a list", dict: "an object"}
    return words.get(type(value), type(value).__name__)


def _alike(a: Any, b: Any) -> bool:
    """Equal as JSON; numbers up to rounding."""
    if is_number(a) and is_number(b):
        return a == b or math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_alike, a, b))
    return type(a) is type(b) and bool(a == b)
