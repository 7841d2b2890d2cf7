"""What may stand in a recorded table's cells, whatever the format."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from greenramp.traffic.split import Side

_SECONDS_MOST = 1e11
"""Later than the year 5000: times in milliseconds, most likely."""


class Unfit(ValueError):
    """A value that is not what was wanted; its text says what was."""


def side_reader(candidate: Side | None) -> Callable[[Any], bool]:
    """What reads the column `side`. candidate: whose blue and green are."""
    known = {"candidate": True, "champion": False}
    wanted = "candidate or champion"
    if candidate is not None:
        known |= {candidate.value: True, candidate.other.value: False}
        wanted += ", blue or green"

    def read(value: Any) -> bool:
        try:
            return known[value]
        except (KeyError, TypeError):
            hint = "; say which side is the candidate's with --candidate" if value in ("blue", "green") else ""
            raise Unfit(wanted + hint) from None

    return read


def _number(value: Any) -> float:
    """A finite number; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError  # noqa: TRY004  (one kind of error for all that is no number)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError from None
    if not math.isfinite(number):
        raise ValueError
    return number


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _ms(value: Any) -> float | None:
    if _missing(value):
        return None
    try:
        number = _number(value)
    except ValueError:
        number = -1.0
    if number < 0:
        raise Unfit("milliseconds, at least 0")
    return number


def _share(value: Any) -> float:
    try:
        number = _number(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 100:
        raise Unfit("the candidate's percent of the traffic, 0 to 100")
    return number / 100


def _time(value: Any) -> float:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    try:
        number = _number(value)
    except ValueError:
        if isinstance(value, str):
            return _moment(value)
        number = -1.0
    if not 0 <= number < _SECONDS_MOST:
        raise Unfit("seconds since 1970, or a date and time")
    return number


def _moment(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unfit("seconds since 1970, or a date and time such as 2026-01-31T12:00:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


_FLAGS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def _flag(value: Any) -> bool:
    found = _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise Unfit("true or false, or 1 or 0")
    return found


def _maybe_flag(value: Any) -> bool | None:
    return None if _missing(value) else _flag(value)


def _text(value: Any) -> str:
    return "" if _missing(value) else str(value)


def _any(value: Any) -> Any:
    return None if _missing(value) else value


def from_text(value: str | None) -> Any:
    """A cell of a CSV file: number, truth value or text, whichever it can be read as first."""
    if value is None:
        return None
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        number = float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value


READERS: Mapping[str, Callable[[Any], Any]] = {
    "time": _time, "user": _text, "share": _share, "step": _text, "failed": _flag, "ms": _ms, "wrong": _maybe_flag,
    "prediction": _any, "label": _any,
}  # fmt: skip
"""What reads a value of each other column; each raises Unfit."""
