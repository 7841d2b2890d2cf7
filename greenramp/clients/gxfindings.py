"""Turns great-expectations' result of one expectation into a finding: plain values, and words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from greenramp.config.expectations import Expected
from greenramp.suites.expectation_words import about, short, wanted
from greenramp.suites.expectations import Finding, State

_EXAMPLES = 5
_ERROR_LENGTH = 300


def finding_of(expected: Expected, result: Any) -> Finding:
    """What one expectation found. result: great-expectations' ExpectationValidationResult."""
    error = "; ".join(dict.fromkeys(_errors(result.exception_info)))
    said: Mapping[str, Any] = result.result or {}
    looked = _looked_at(said)
    bad = _number(said.get("unexpected_count"))
    state = State.MET if result.success else State.UNMET
    words = _observed(said, looked, bad) or ("it is so" if result.success else "it is not so")
    if error:
        state, words = State.INVALID, ""
    elif looked == 0 or (set(said) == {"observed_value"} and _empty(said["observed_value"])):
        conditional = bool(expected.kwargs.get("row_condition"))
        state = State.EMPTY if conditional else State.INVALID
        words = "no row meets the condition" if conditional else ""
        error = "" if conditional else f"{about(expected.kwargs) or 'the table'} holds no value to look at"
    return Finding(
        expectation=expected.type,
        column=about(expected.kwargs),
        wanted=wanted(expected.type, expected.kwargs),
        state=state,
        observed=words,
        unexpected=None if bad is None else int(bad),
        percent=_number(said.get("unexpected_percent")),
        examples=_examples(said),
        error=error,
    )


def plain(value: Any) -> Any:
    """Numpy's numbers as Python's, within lists too; NaN, NaT and NA are the nulls they stand for in a table."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    value = value.item() if hasattr(value, "item") and callable(value.item) and not hasattr(value, "__len__") else value
    null = type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and math.isnan(value))
    return None if null else value


def _errors(info: Any) -> Iterator[str]:
    """The messages in an exception_info: flat, or one for each metric that could not be computed."""
    if not isinstance(info, Mapping):
        return
    for one in [info] if "raised_exception" in info else info.values():
        if isinstance(one, Mapping) and one.get("raised_exception"):
            message = " ".join(str(one.get("exception_message") or "it raised an error").split())
            yield message.removeprefix("Error: ")[:_ERROR_LENGTH]


def _looked_at(said: Mapping[str, Any]) -> int | None:
    """How many values were looked at; None where the expectation is not about single values."""
    if "element_count" not in said:
        return None
    return int(said["element_count"]) - int(said.get("missing_count") or 0)


def _observed(said: Mapping[str, Any], looked: int | None, bad: float | None) -> str:
    if looked is not None and bad is not None:
        return f"{int(bad):,} of {looked:,} values are not" if bad else f"all {looked:,} values are"
    seen = plain(said.get("observed_value"))
    if seen is not None:
        return f"it is {short(seen)}"
    if bad:
        return f"{int(bad):,} values are not"
    return short(plain(said["details"])) if said.get("details") else ""


def _examples(said: Mapping[str, Any]) -> tuple[str, ...]:
    found = [_quoted(plain(value)) for value in said.get("partial_unexpected_list") or ()]
    return tuple(dict.fromkeys(found))[:_EXAMPLES]


def _quoted(value: Any) -> str:
    return "null" if value is None else short(value)[:60]


def _empty(value: Any) -> bool:
    return plain(value) is None


def _number(value: Any) -> float | None:
    value = plain(value)
    return float(value) if isinstance(value, int | float) else None
