"""Writes a first suite of expectations from what was seen; a person reads it before it becomes a contract.

Every number has slack, for a suite that fails on healthy traffic is soon switched off:
- shares (nulls, values outside a range or set): what was seen and three standard errors on top, both of this sample
  and of a table of FEWEST_ROWS; where none was seen 3 in the number of rows (the rule of three), at least 1 in 1000;
- ranges: the middle 98 % of the values, widened on both sides by half its width, with a share that may lie outside;
- medians: between the quartiles that were seen; a shift of 0.7 standard deviations is outside;
- classes: those that were seen, and of the common ones (5 % or more) at least half in every table.
How the classes are distributed is the business of a gate with the metric drift, which knows its chance of error.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from greenramp.config.expectations import Expected, Suite
from greenramp.errors import ConfigError

FEWEST_ROWS = 50
"""Fewer are not drafted from, and a table of so few must hold what is drafted."""

_MOST_CLASSES, _ROWS_PER_CLASS = 20, 20
_COMMON = 0.05
_NUMBERS = ["int64", "float64", "Int64", "int", "float"]
_ROWS_SLACK = 10
_HUGE = 1e300


def draft(columns: Mapping[str, Sequence[Any]], description: str, where: str | None = None) -> Suite:
    """A suite that the columns themselves meet.

    columns: values of each column, all equally long, None or NaN for nulls. where: a row_condition for all
    expectations about values, of which the columns hold only the rows that meet it. Raises ConfigError for fewer than
    FEWEST_ROWS rows, and when nothing can be said of any column.
    """
    rows = len(next(iter(columns.values()), ()))
    if rows < FEWEST_ROWS:
        raise ConfigError(f"wanted at least {FEWEST_ROWS} rows to draft from; seen: {rows}")
    found = [one for name, values in columns.items() for one in _column(name, values)]
    if not found:
        raise ConfigError(f"nothing can be said of {', '.join(columns)}: only nulls, lists or mixed types")
    extra = {"row_condition": where} if where else {}
    return Suite(
        description=description,
        expectations=tuple(Expected(type=name, kwargs={**kwargs, **extra}) for name, kwargs in found),
    )


_Drafted = tuple[str, dict[str, Any]]


def _column(name: str, values: Sequence[Any]) -> list[_Drafted]:
    there = [value for value in values if not _null(value)]
    if not there:
        return []
    kinds = {type(value) for value in there}
    if name == "rows" and kinds <= {int, float}:
        top = _ROWS_SLACK * max(there)
        return [("expect_column_values_to_be_between", {"column": name, "min_value": 1, "max_value": top})]
    found: list[_Drafted] = []
    if kinds == {bool}:
        found = [_types(name, ["bool"])]
    elif kinds <= {int, float}:
        found = [_types(name, _NUMBERS), *_numbers(name, there)]
    elif kinds == {str}:
        found = [_types(name, ["str"]), *_texts(name, there)]
    nulls = ("expect_column_values_to_not_be_null", {"column": name, **_mostly(len(values) - len(there), len(values))})
    return [*found[:1], nulls, *found[1:]] if found else [nulls]


def _numbers(name: str, values: Sequence[float]) -> list[_Drafted]:
    if not all(-_HUGE < value < _HUGE for value in values):
        return []  # infinities, and what can't be reckoned with
    whole = all(isinstance(value, int) or value.is_integer() for value in values)
    if whole and _few(values):
        return _classes(name, [int(value) for value in values])
    ordered = sorted(values)
    low, high = _quantile(ordered, 0.01), _quantile(ordered, 0.99)
    width = (high - low) or abs(high) or 1.0
    low, high = _rounded(low - width / 2, width, math.floor), _rounded(high + width / 2, width, math.ceil)
    if ordered[0] >= 0:
        low = max(low, 0.0)
    if ordered[0] >= 0 and ordered[-1] <= 1 and not whole:
        low, high = 0.0, 1.0  # a share or a probability
    outside = sum(not low <= value <= high for value in values)
    bounds = {"column": name, "min_value": low, "max_value": high, **_mostly(outside, len(values))}
    found: list[_Drafted] = [("expect_column_values_to_be_between", bounds)]
    first, third = _quantile(ordered, 0.25), _quantile(ordered, 0.75)
    if first < third:
        step = third - first
        quartiles = {"min_value": _rounded(first, step, math.floor), "max_value": _rounded(third, step, math.ceil)}
        found.append(("expect_column_median_to_be_between", {"column": name, **quartiles}))
    return found


def _texts(name: str, values: Sequence[str]) -> list[_Drafted]:
    if _few(values):
        return _classes(name, values)
    lengths = sorted(len(value) for value in values)
    low, high = _quantile(lengths, 0.01), _quantile(lengths, 0.99)
    slack = math.ceil((high - low) / 2) or 1
    low, high = max(0, math.floor(low) - slack), math.ceil(high) + slack
    outside = sum(not low <= length <= high for length in lengths)
    bounds = {"column": name, "min_value": low, "max_value": high, **_mostly(outside, len(values))}
    return [("expect_column_value_lengths_to_be_between", bounds)]


def _few(values: Sequence[Any]) -> bool:
    return len(set(values)) <= min(_MOST_CLASSES, len(values) / _ROWS_PER_CLASS)


def _classes(name: str, values: Sequence[Any]) -> list[_Drafted]:
    counts = Counter(values)
    members = {"column": name, "value_set": sorted(counts), **_mostly(0, len(values))}
    found: list[_Drafted] = [("expect_column_values_to_be_in_set", members)]
    common = sum(count >= _COMMON * len(values) for count in counts.values())
    if common > 1:
        fewest = {"column": name, "min_value": math.ceil(common / 2)}
        found.append(("expect_column_unique_value_count_to_be_between", fewest))
    return found


def _types(name: str, types: Sequence[str]) -> _Drafted:
    return "expect_column_values_to_be_in_type_list", {"column": name, "type_list": list(types)}


def _mostly(bad: int, count: int) -> dict[str, float]:
    """The share that must be good, a little below what was seen."""
    allowed = max(0.001, 3 / count)
    if bad:
        most = min(1.0, (bad + 3 * math.sqrt(bad) + 3) / count)
        allowed = most + 3 * math.sqrt(most * (1 - most) / FEWEST_ROWS)
    return {"mostly": max(0.0, math.floor(1000 * (1 - allowed)) / 1000)}


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))]


def _rounded(value: float, width: float, how: Callable[[float], int]) -> float:
    """Rounded to a hundredth of the width or so, outwards."""
    digits = 2 - math.floor(math.log10(width))
    scale = 10.0**digits
    return round(how(value * scale) / scale, max(digits, 0))


def _null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
