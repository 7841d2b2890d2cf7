"""What releases cost beyond what they wait for: from the order to the end, by Prefect's own times.

Run: python -m benchmarks.release_cost [--prefect URL] [--tasks]     (of the last releases of a running site)
"""

import argparse
import statistics
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import requests

LIMIT_SECONDS = 10
WAITS = ("watch: ", "compare answers", "held before: ", "approval: ")
STARTS = ("wait ready: ",)
LAST = 20


def main() -> None:
    """Print a line for each release, and the medians beside the limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prefect", default="http://127.0.0.1:18082")
    parser.add_argument("--tasks", action="store_true", help="also each task run")
    chosen = parser.parse_args()
    api = f"{chosen.prefect}/api"
    _say(f"{'release':36} {'whole':>7} {'waits':>7} {'model':>7} {'to start':>8} {'own':>7}   task runs, more an hour")
    own = []
    for run in _releases(api):
        tasks = _ask(
            api, "/task_runs/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}
        )
        own.append(_line(run, tasks))
        for task in tasks if chosen.tasks else ():
            _say(f"    {_seconds(task['start_time'], task['end_time']):8.2f}  {task['name']}")
    if own:
        median = statistics.median(own)
        _say(f"own, median of {len(own)}: {median:.1f} s, {median / LIMIT_SECONDS:.2f} of {LIMIT_SECONDS} s")


def _line(run: dict[str, Any], tasks: list[dict[str, Any]]) -> float:
    whole = _seconds(run["created"], run["end_time"])
    waits, start = _of(tasks, WAITS), _of(tasks, STARTS)
    waiting = [task for task in tasks if task["name"].startswith(WAITS)]
    begun = _seconds(run["created"], tasks[0]["start_time"]) if tasks else 0.0
    hourly = 3600 * len(waiting) / waits if waits else 0.0
    own = whole - waits - start
    _say(
        f"{run['name']:36} {whole:7.1f} {waits:7.1f} {start:7.1f} {begun:8.1f} {own:7.1f}   {len(tasks)}, {hourly:.0f}"
    )
    return own


def _releases(api: str) -> Iterator[dict[str, Any]]:
    wanted = {
        "flows": {"name": {"any_": ["release"]}},
        "flow_runs": {"state": {"name": {"any_": ["Promoted"]}}},
        "sort": "END_TIME_DESC",
    }
    yield from _ask(api, "/flow_runs/filter", wanted)[:LAST]


def _of(tasks: list[dict[str, Any]], kinds: tuple[str, ...]) -> float:
    return sum(_seconds(task["start_time"], task["end_time"]) for task in tasks if task["name"].startswith(kinds))


def _seconds(since: str | None, until: str | None) -> float:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds() if since and until else 0.0


def _ask(api: str, path: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    answer = requests.post(f"{api}{path}", json={**wanted, "limit": 200}, timeout=30)
    answer.raise_for_status()
    return list(answer.json())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
