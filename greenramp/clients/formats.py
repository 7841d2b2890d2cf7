"""Files of state that are not as this version writes them: damaged ones, and those of a newer version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greenramp.errors import ConfigError

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What reading a damaged file may raise: it is no JSON, lacks a key, or has another kind of value."""


class Damaged(ConfigError):
    """A file of state is not as it was written."""


def require_known(path: Path, seen: Any, known: int) -> None:
    """Raise ConfigError for a file that a newer version wrote, Damaged for one that says no format at all."""
    if not isinstance(seen, int) or seen < 1:
        raise Damaged(f"{path}: format {seen!r} is none; this version reads up to {known}")
    if seen > known:
        raise ConfigError(
            f"{path}: format {seen}, this version reads up to {known}; a newer version of Greenramp wrote it: use that "
            "one, or the copy of this folder from before the upgrade"
        )
