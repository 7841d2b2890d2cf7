"""What came of each cell so far, kept on disk as it comes, and the table of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from greenramp.drill.expectation import expectation
from greenramp.drill.faults import cells
from greenramp.drill.verdict import Outcome, troubles

FILE = Path(__file__).parents[3] / ".greenramp-faults.jsonl"


def name(fault: str, place: str | None) -> str:
    """A cell's name: kill-flow-canary."""
    return f"{fault}-{place or 'throughout'}"


def keep(outcome: Outcome) -> None:
    """Put one down; a line, so that several processes may."""
    wrong = troubles(outcome, expectation(outcome.fault, outcome.at))
    row = {
        "cell": name(outcome.fault, outcome.at),
        "fault": outcome.fault.value,
        "at": outcome.at.value if outcome.at else None,
        "ended": outcome.ending.name.lower() if outcome.ending else "neither",
        "requests": outcome.requests,
        "failed": outcome.failed,
        "safe": outcome.safe_seconds,
        "hand": outcome.hand,
        "fresh": outcome.fresh,
        "seconds": round(outcome.seconds, 1),
        "verdict": "failed" if wrong else "passed",
        "why": "; ".join(wrong),
    }
    with FILE.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def rows() -> list[dict[str, Any]]:
    """The last of each cell, in the order of the matrix."""
    if not FILE.exists():
        return []
    last = {row["cell"]: row for row in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())}
    return [last[name(*cell)] for cell in cells() if name(*cell) in last]


def table(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """In Markdown: a row for each place, a column for each fault; below it what failed, and the sums."""
    faults = list(dict.fromkeys(row["fault"] for row in found))
    by_cell = {(row["fault"], row["at"]): row for row in found}
    yield f"| at | {' | '.join(faults)} |"
    yield f"|---|{'---|' * len(faults)}"
    for place in dict.fromkeys(place for _, place in cells()):
        if any((fault, place) in by_cell for fault in faults):
            yield f"| {place or '-'} | {' | '.join(_words(by_cell.get((fault, place))) for fault in faults)} |"
    yield ""
    for row in found:
        if row["why"]:
            yield f"- {row['cell']}: {row['why']}"
    verdicts = Counter(row["verdict"] for row in found)
    asked, lost = sum(row["requests"] for row in found), sum(row["failed"] for row in found)
    yield (
        f"{len(found)} of {len(cells())} cells: {verdicts['passed']} passed, {verdicts['failed']} failed; "
        f"{asked:,} requests, {lost:,} of them failed."
    )


def _words(row: dict[str, Any] | None) -> str:
    """How it ended, the requests that failed, and the time to safety; in bold what is not as it must be."""
    if row is None:
        return ""
    safe = "nobody met it" if row["safe"] is None else f"{row['safe']:.1f} s"
    said = f"{row['ended']}, {row['failed']}, {safe}"
    return said if row["verdict"] == "passed" else f"**{said}**"
