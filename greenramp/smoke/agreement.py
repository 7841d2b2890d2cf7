"""Whether two answers are the same: numbers within a tolerance, everything else exactly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from greenramp.config.smoke import Tolerance


def difference(seen: Sequence[Any], wanted: Sequence[Any], tolerance: Tolerance) -> str | None:
    """The first place where two lists of predictions differ, in words; None when they are the same.

    NaN equals NaN and null equals null: whether they may be there at all is another check's question.
    """
    if len(seen) != len(wanted):
        return f"{len(seen)} answers instead of {len(wanted)}"
    for row, (one, other) in enumerate(zip(seen, wanted, strict=True), start=1):
        if found := _first(one, other, tolerance, ""):
            return f"answer {row}{found}"
    return None


def _first(seen: Any, wanted: Any, tolerance: Tolerance, where: str) -> str | None:
    if isinstance(seen, dict) and isinstance(wanted, dict) and seen.keys() == wanted.keys():
        pairs = [(seen[key], wanted[key], f"{where}.{key}") for key in wanted]
    elif isinstance(seen, list) and isinstance(wanted, list) and len(seen) == len(wanted):
        pairs = [(one, other, f"{where}[{at}]") for at, (one, other) in enumerate(zip(seen, wanted, strict=True))]
    else:
        return None if _same(seen, wanted, tolerance) else f"{where} is {_short(seen)} instead of {_short(wanted)}"
    return next((found for one, other, at in pairs if (found := _first(one, other, tolerance, at))), None)


def _same(seen: Any, wanted: Any, tolerance: Tolerance) -> bool:
    if _is_number(seen) and _is_number(wanted):
        near = math.isclose(seen, wanted, rel_tol=tolerance.relative, abs_tol=tolerance.absolute)
        return near or (math.isnan(seen) and math.isnan(wanted))
    return type(seen) is type(wanted) and bool(seen == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
