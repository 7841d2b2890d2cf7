"""What a process said before it gave up."""

from __future__ import annotations

import re
from pathlib import Path

_TAIL_BYTES = 16_384
_REASON = re.compile(r"^[\w.]*(Error|Exception|error)\b|\berror:|^greenramp\.serving: (?!.* is ready )")


def last_words(log: Path) -> str:
    """The line of a log that says why, the last one that names an error, and where the rest is."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    if not lines:
        return f"it said nothing (log {log})"
    reasons = [line for line in lines[-40:] if _REASON.search(line)]
    return f"{(reasons or lines)[-1][:300]} (all of it in {log})"
