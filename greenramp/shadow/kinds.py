"""What kind of answers a model gives, found from the champion's own answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

FEW_VALUES = 20
"""Whole numbers of no more different values than this are names of classes, not amounts."""

LARGEST = 1e100
"""Larger numbers could not be squared and summed."""


class Kind(StrEnum):
    """Decides how two answers are compared."""

    LABELS = "labels"  # classes, decisions: equal or not
    PROBABILITY = "probability"  # one number in [0, 1] per row
    NUMBERS = "numbers"  # one number per row
    CLASS_PROBABILITIES = "class probabilities"  # numbers that sum to 1: which is largest, and how far they are apart
    OUTPUTS = "outputs"  # several numbers per row, each with its own scale
    RANKINGS = "rankings"  # ids, best first
    OTHER = "other"  # anything: equal as JSON, up to rounding

    @property
    def numeric(self) -> bool:
        """Whether a row is one number, so that differences have a sign and answers a distribution."""
        return self in (Kind.PROBABILITY, Kind.NUMBERS)

    @property
    def measurable(self) -> bool:
        """Whether two answers can differ more or less."""
        return self not in (Kind.LABELS, Kind.OTHER)


@dataclass(frozen=True)
class Shape:
    """The kind, how many numbers a row holds, and for each the champion's spread (95 % minus 5 % quantile)."""

    kind: Kind
    spreads: tuple[float, ...] = (1.0,)

    @property
    def width(self) -> int:
        """Numbers per row."""
        return len(self.spreads)


def plain(row: Any) -> Any:
    """A row's value without wrapping: [x] and {"name": x} are x, {"b": 2, "a": 1} are the numbers [1, 2]."""
    if isinstance(row, list):
        return plain(row[0]) if len(row) == 1 else row
    if isinstance(row, dict) and row:
        if len(row) == 1:
            return plain(next(iter(row.values())))
        if all(is_number(value) or value is None for value in row.values()):
            return [row[key] for key in sorted(row)]
    return row


def is_number(value: Any) -> bool:
    """Whether it is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """Whether it is a number that one can calculate with."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST


def shape_of(answers: Iterable[Sequence[Any]], declared: Kind | None = None) -> Shape | None:
    """Find the shape from one side's answers, a list of rows per request; None when there is no valid row."""
    rows = [value for rows in answers for value in map(plain, rows) if _usable(value)]
    if not rows:
        return None
    kind = declared or _kind(rows)
    if kind in (Kind.CLASS_PROBABILITIES, Kind.OUTPUTS):
        width = _commonest([len(row) for row in rows if isinstance(row, list)])
        table = np.array([row for row in rows if isinstance(row, list) and len(row) == width], dtype=np.float64)
        unit = kind is Kind.CLASS_PROBABILITIES
        return Shape(kind, tuple(1.0 if unit else spread_of(column) for column in table.T)) if width else None
    if kind is Kind.NUMBERS:
        return Shape(kind, (spread_of(np.array([row for row in rows if is_finite(row)], dtype=np.float64)),))
    return Shape(kind)


def spread_of(values: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    """The range of the middle 90 %; of a constant its size, so that a difference has something to be held against."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95]) if values.size else (0.0, 0.0, 0.0)
    return float(high - low if high > low else abs(middle) or 1.0)


def _usable(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and not any(is_number(v) and not is_finite(v) for v in value) and None not in value
    return value is not None and (not is_number(value) or is_finite(value))


def _kind(rows: list[Any]) -> Kind:
    if all(isinstance(row, list) for row in rows):
        return _kind_of_lists(rows)
    if all(isinstance(row, str | bool) for row in rows):
        return Kind.LABELS
    if not all(is_number(row) for row in rows):
        return Kind.OTHER
    if all(float(row).is_integer() for row in rows) and len(set(rows)) <= FEW_VALUES:
        return Kind.LABELS
    return Kind.PROBABILITY if all(0 <= row <= 1 for row in rows) else Kind.NUMBERS


def _kind_of_lists(rows: list[list[Any]]) -> Kind:
    values = [value for row in rows for value in row]
    if all(isinstance(v, str | int) and not isinstance(v, bool) for v in values):
        distinct = all(len(set(row)) == len(row) for row in rows)
        if distinct:
            return Kind.RANKINGS
    if not all(is_number(v) for v in values) or len({len(row) for row in rows}) > 1:
        return Kind.OTHER
    sums = [abs(math.fsum(row) - 1) < 1e-3 and min(row) >= 0 for row in rows]
    return Kind.CLASS_PROBABILITIES if all(sums) else Kind.OUTPUTS


def _commonest(numbers: list[int]) -> int:
    return max(set(numbers), key=numbers.count, default=0)
