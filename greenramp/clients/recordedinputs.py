"""Inputs that real users sent, from the prediction logs of a service that logs them."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

from greenramp.clients.evidence_sources import prediction_logs
from greenramp.clients.jsonlines import JsonLines
from greenramp.home import Home

_MOST_BYTES = 4 * 1024 * 1024
"""What is read of each log at most, from its end."""


def recorded_payloads(home: Home, service: str, count: int) -> list[Any]:
    """The newest rows that were answered well, one payload each; none where inputs are not logged.

    What reached no user is left out: copies, replays, and what smoke tests sent, which is not what users ask. So are
    lines that hold a few columns only, for slices: they can't be asked again.
    """
    newest: deque[Any] = deque(maxlen=count)
    rows = [row for path in prediction_logs(home, service) for row in _tail(path)]
    for row in sorted(rows, key=lambda row: float(row.get("ts", 0))):
        inputs = row.get("inputs")
        set_aside = row.get("copy") or row.get("inputs_partial")
        if row.get("status") == 200 and isinstance(inputs, dict) and not set_aside:
            newest.extend(_payload(inputs.get("columns"), one) for one in inputs.get("rows") or ())
    return list(newest)


def _payload(columns: list[str] | None, row: Any) -> Any:
    return {"dataframe_split": {"columns": columns, "data": [row]}} if columns else {"inputs": [row]}


def _tail(path: Path) -> list[dict[str, Any]]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    return JsonLines(path, max(0, found.st_size - _MOST_BYTES), found.st_ino).read_new()
