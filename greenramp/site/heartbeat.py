"""The guard's sign of life: a file's time, set at the end of every look that went well."""

from __future__ import annotations

import os
import time
from pathlib import Path

from greenramp.home import Home


def beat(home: Home) -> None:
    """Say that the guard has just looked, and that it went well.

    The time is that of the clock which all processes of a machine share and nobody can set, so a jump of the date
    neither ages a beat nor makes a dead guard young; `ls` shows a day in 1970.
    """
    now, path = time.monotonic_ns(), _path(home)
    path.touch(mode=0o600)
    os.utime(path, ns=(now, now))


def beat_age(home: Home) -> float | None:
    """Seconds since the last beat; None when there was none since this machine was started."""
    try:
        age = time.monotonic_ns() - _path(home).stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return None if age < 0 else age / 1e9  # that clock begins anew with the machine


def _path(home: Home) -> Path:
    return home.runtime / "guard.beat"
