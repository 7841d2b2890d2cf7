"""Numbers as lines of text."""

from __future__ import annotations

import math
import statistics
import sys
from collections.abc import Sequence


def say(line: str = "") -> None:
    """Print at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred lies above."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def say_spread(what: str, ms: Sequence[float]) -> None:
    """Print median, p99 and largest of some times."""
    spread = f"median {statistics.median(ms):6.1f} ms   p99 {p99(ms):6.1f} ms   max {max(ms):6.1f} ms"
    say(f"  {what:52} {spread}")
