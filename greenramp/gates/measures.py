"""From what was answered and labelled to one number; what is no measurement says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LARGEST = 1e100
"""Larger errors could not be squared and summed."""


@dataclass(frozen=True)
class Invalid:
    """A value that can't be measured, in words."""

    words: str


def time_of(ms: float) -> float | Invalid:
    """A time to answer."""
    return ms if math.isfinite(ms) and ms >= 0 else Invalid(f"a time of {ms:g} ms")


def converted(labels: Sequence[Any]) -> bool | Invalid:
    """Whether anything that was wanted came of a request: true, or a number above 0, for one of its rows."""
    for label in labels:
        if not isinstance(label, bool) and not _number(label):
            return Invalid(f"a label of {_short(label)}, wanted true, false or a number")
    return any(label > 0 for label in labels)


def error_size(answers: Sequence[Any], labels: Sequence[Any]) -> float | Invalid:
    """Mean absolute difference over the rows of one request."""
    if len(answers) != len(labels):
        return Invalid(f"{len(answers)} answers for {len(labels)} labels")
    for word, values in (("an answer", answers), ("a label", labels)):
        for value in values:
            if not _number(value):
                return Invalid(f"{word} of {_short(value)}, wanted a finite number")
    size = math.fsum(abs(a - b) for a, b in zip(answers, labels, strict=True)) / len(answers) if answers else math.nan
    if math.isnan(size):
        return Invalid("no answers")
    return size if size <= _LARGEST else Invalid(f"an error of {size:g}")


def answer_of(answers: Sequence[Any]) -> float | str | Invalid:
    """What the first row of a request was answered: a number, or a class as text.

    Only the first: rows of one request are no draws of their own. Of several numbers (one per class) the place of the
    largest is the answer.
    """
    if not answers:
        return Invalid("no answers")
    answer = answers[0]
    if isinstance(answer, list) and answer and all(_number(a) for a in answer):
        answer = answer[0] if len(answer) == 1 else f"class {answer.index(max(answer))}"
    if isinstance(answer, str | bool):
        return str(answer)
    return float(answer) if _number(answer) else Invalid(f"an answer of {_short(answer)}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _short(value: Any) -> str:
    return repr(value)[:60]
