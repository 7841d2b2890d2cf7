"""What the router saw of one request, in the words of a release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenramp.traffic.split import Side

SENT = ("cluster", "route", "generation", "percent", "attempts", "environment")
"""What stands under the key "sent", a space between each: where a request went and why, the same for many lines."""


@dataclass(frozen=True)
class SeenRequest:
    """One request as the router logged it.

    side: where the router meant it to go. shared: whether a split was in force.
    failed: the first try on that side did not answer well, whoever answered in the end.
    ms: time from the first byte sent to the environment to the first byte back; None when there was none
    or another side gave it. percent: the idle side's share at that moment. generation: of the traffic record.
    """

    ts: float
    id: str
    user: str
    service: str
    side: Side
    shared: bool
    failed: bool
    answered: bool
    ms: float | None
    percent: float
    generation: int

    def share_of(self, candidate: Side) -> float:
        """The share, in [0, 1], that the router gave `candidate` when it routed this request."""
        if self.shared:
            return self.percent / 100
        return 1.0 if self.side is candidate else 0.0


def taken_apart(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of the router's log with a key for each value; as logs before version 2 have them anyway."""
    if "sent" not in row:
        return row
    values = (text_of(text) or None for text in str(row["sent"]).split(" ", len(SENT) - 1))
    return {**row, **dict(zip(SENT, values, strict=True))}


def seen_request(row: Mapping[str, Any]) -> SeenRequest | None:
    """Read one row of the router's log; None for rows that went to no environment (unknown path, no version)."""
    row = taken_apart(row)
    service, _, rest = str(row.get("cluster") or "").partition(".")
    side_name, _, role = rest.partition("-")
    if not role:
        return None
    side = Side(side_name)
    status = int(row["status"] or 0)
    by_other = role in ("fallback", "backed") and row.get("environment") not in (None, "-", side.value)
    first_try_failed = int(row["attempts"] or 1) > 1 or by_other
    upstream = row.get("upstream_us")
    timed = upstream not in (None, "-") and not first_try_failed and status < 500
    return SeenRequest(
        ts=float(row["ts"]),
        id=str(row.get("id") or ""),
        user=text_of(row.get("user")),
        service=service,
        side=side,
        shared=str(row.get("route") or "").endswith(".split"),
        failed=first_try_failed or not 200 <= status < 400,
        answered=200 <= status < 400,
        ms=int(upstream) / 1000 if timed and upstream is not None else None,
        percent=float(row.get("percent") or 0),
        generation=int(row.get("generation") or 0),
    )


def text_of(value: object) -> str:
    """A logged text; nothing where the log says that there was none."""
    return "" if value in (None, "-") else str(value)
