"""How fast evidence is read and judged, and in how much memory: `python benchmarks/evidence_speed.py [ROWS ...]`."""

import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gate_series import bare, passing, reading
from request_lines import write_log

RUNS = 3
USERS = ("50,000 users", 50_000), ("each row its own user", 1_000_000_000)
CASES: tuple[tuple[str, Callable[..., Any], dict[str, Any]], ...] = (
    ("lines counted", passing, {}),
    ("read by Arrow, nothing more", bare, {}),
    ("counts and rates", reading, {"times": False}),
    ("counts, rates and times", reading, {"times": True}),
)


def main(sizes: list[int]) -> None:
    """Print a table: the median of some runs for each case and size, each run in a process of its own."""
    _say("rows", "users", "what", "rows/s", "rows/s of one processor", "peak MB", "of what Arrow needs")
    _say(*7 * ["---"])
    with tempfile.TemporaryDirectory() as folder, _processes() as pool:
        for rows in sizes:
            for words, users in USERS:
                log = Path(folder, "requests.jsonl")
                pool.apply(write_log, (log, rows, users))
                _measure(pool, log, rows, words)


def _measure(pool: Any, log: Path, rows: int, users: str) -> None:
    """The cases take turns, so that what else the machine does hits them alike."""
    found: dict[str, list[tuple[float, float, float]]] = {words: [] for words, _, _ in CASES}
    for _ in range(RUNS):
        for words, measure, settings in CASES:
            more = {"rows": rows} | settings if settings else {}
            found[words].append(pool.apply(measure, (log,), more))
    medians = {words: [statistics.median(v) for v in zip(*runs, strict=True)] for words, runs in found.items()}
    least = medians[CASES[1][0]][1]
    for words, (wall, spent, peak) in medians.items():
        _say(f"{rows:,}", users, words, f"{rows / wall:,.0f}", f"{rows / spent:,.0f}", f"{peak:,.0f}",
             f"{spent / least:.1f} x")  # fmt: skip


def _processes() -> Any:
    return multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1)


def _say(*cells: str) -> None:
    print("|", " | ".join(cells), "|", flush=True)  # noqa: T201


if __name__ == "__main__":
    main([int(float(size)) for size in sys.argv[1:]] or [100_000, 1_000_000, 10_000_000])
