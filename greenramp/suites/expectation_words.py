"""Says what an expectation wants in the words of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_LONGEST = 120

_PHRASES: Mapping[str, str] = {
    "expect_column_values_to_be_between": "{column} {range}",
    "expect_column_mean_to_be_between": "mean of {column} {range}",
    "expect_column_median_to_be_between": "median of {column} {range}",
    "expect_column_min_to_be_between": "smallest {column} {range}",
    "expect_column_max_to_be_between": "largest {column} {range}",
    "expect_column_sum_to_be_between": "sum of {column} {range}",
    "expect_column_stdev_to_be_between": "standard deviation of {column} {range}",
    "expect_column_value_lengths_to_be_between": "length of {column} {range}",
    "expect_column_unique_value_count_to_be_between": "number of different values of {column} {range}",
    "expect_column_proportion_of_unique_values_to_be_between": "share of different values of {column} {range}",
    "expect_table_row_count_to_be_between": "number of rows {range}",
    "expect_table_column_count_to_be_between": "number of columns {range}",
    "expect_column_values_to_not_be_null": "{column} not null",
    "expect_column_values_to_be_null": "{column} null",
    "expect_column_values_to_be_unique": "each {column} once",
    "expect_column_values_to_be_in_set": "{column} one of {value_set}",
    "expect_column_values_to_not_be_in_set": "{column} none of {value_set}",
    "expect_column_values_to_be_in_type_list": "{column} of type {type_list}",
    "expect_column_values_to_be_of_type": "{column} of type {type_}",
    "expect_column_values_to_match_regex": "{column} matching {regex}",
    "expect_column_to_exist": "a column {column}",
}
_QUALIFIERS = ("mostly", "row_condition", "condition_parser", "description", "notes", "meta")


def wanted(expectation: str, kwargs: Mapping[str, Any]) -> str:
    """One expectation in words: `prediction between 0 and 9 for at least 99 % where failed == False`."""
    phrase = _PHRASES.get(expectation)
    words = {key: short(value) for key, value in kwargs.items()}
    try:
        said = phrase.format(range=_range(kwargs), **words) if phrase else _spelt_out(expectation, kwargs)
    except KeyError:  # an argument that the phrase needs is not given
        said = _spelt_out(expectation, kwargs)
    mostly = kwargs.get("mostly")
    if isinstance(mostly, int | float) and mostly != 1:
        said += f" for at least {100 * mostly:.4g} %"
    return f"{said} where {kwargs['row_condition']}" if kwargs.get("row_condition") else said


def about(kwargs: Mapping[str, Any]) -> str:
    """The column or columns that the arguments name; empty for the whole table."""
    if "column" in kwargs:
        return str(kwargs["column"])
    names = kwargs.get("column_list") or [kwargs[key] for key in ("column_A", "column_B") if key in kwargs]
    return ", ".join(str(name) for name in names)


def short(value: Any) -> str:
    """A value in few words: numbers to 6 digits, lists with commas."""
    if isinstance(value, str):
        said = value
    elif isinstance(value, float):
        said = f"{value:.6g}"
    elif isinstance(value, Mapping):
        said = ", ".join(f"{key} {short(item)}" for key, item in value.items())
    elif isinstance(value, Sequence | set | frozenset):
        said = ", ".join(short(item) for item in value)
    else:
        said = str(value)
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def _range(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    above, below = bool(kwargs.get("strict_min")), bool(kwargs.get("strict_max"))
    if low is not None and high is not None and not above and not below:
        return f"between {short(low)} and {short(high)}"
    lower = f"{'above' if above else 'at least'} {short(low)}" if low is not None else ""
    upper = f"{'below' if below else 'at most'} {short(high)}" if high is not None else ""
    return " and ".join(filter(None, (lower, upper)))


def _spelt_out(expectation: str, kwargs: Mapping[str, Any]) -> str:
    columns = about(kwargs)
    name = expectation.removeprefix("expect_").replace("_", " ")
    named = ("column", "column_list", "column_A", "column_B", *_QUALIFIERS)
    others = ", ".join(f"{key} {short(value)}" for key, value in kwargs.items() if key not in named)
    return (f"{columns}: " if columns else "") + name + (f" ({others})" if others else "")
