"""What happened in a release, line by line on this machine's disk: it needs no server, so it is complete."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from greenramp.clients.appending import append_lines
from greenramp.clients.jsonlines import JsonLines
from greenramp.home import Home

_LOOK = b'"event": "verdicts"'
"""What a look's line holds, and no other: quotes inside of texts are written with a backslash."""

_APPROVAL = b'"event": "approval '
"""The same of a question's beginning and of its end."""

_NEAR_BYTES = 1024 * 1024


class Journal:
    """One release's journal; every line has `ts` (epoch seconds) and `event`."""

    def __init__(self, home: Home, release: str) -> None:
        self.path: Path = home.journals / f"{release}.jsonl"

    def add(self, event: str, **facts: Any) -> None:
        """Write one line and see it on disk."""
        append_lines(self.path, json.dumps({"ts": round(time.time(), 3), "event": event, **facts}) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All lines so far; what a crash or the disk made of one is left out."""
        return [line for line in JsonLines(self.path).read_new() if _is_line(line)]


def as_text(lines: Sequence[Mapping[str, Any]]) -> str:
    """A journal's lines as they stand on disk."""
    return "".join(json.dumps(line) + "\n" for line in lines)


def recorded_services(home: Home) -> tuple[str, ...]:
    """Services that this machine has a journal of."""
    return tuple(sorted({_service_of(path) for path in home.journals.glob("*-*-*.jsonl")} - {""}))


def read_stories(home: Home, service: str) -> dict[str, list[dict[str, Any]]]:
    """Each release's journal by the release's id, oldest first; of its many looks at the gates only the last one.

    That one tells what decided and how many requests were counted; the others are most of a journal.
    """
    paths = [path for path in home.journals.glob("*-*-*.jsonl") if _service_of(path) == service]
    stories = {path.stem: _story(path) for path in paths}
    return dict(sorted(((name, lines) for name, lines in stories.items() if lines), key=lambda item: item[1][0]["ts"]))


def read_last_look(home: Home, release: str) -> dict[str, Any] | None:
    """The newest look at a release's gates, if there is one not far from its journal's end; else None."""
    lines = _whole_lines(home.journals / f"{release}.jsonl", most_bytes=_NEAR_BYTES)
    return next((look for line in reversed(lines) if _LOOK in line and (look := _parsed(line))), None)


def read_question(home: Home, release: str) -> dict[str, Any] | None:
    """The line of the question for approval that a release waits with, None when none is open."""
    lines = _whole_lines(home.journals / f"{release}.jsonl")
    found = next((line for line in reversed(lines) if _APPROVAL in line), None)
    last = None if found is None else dict(json.loads(found))
    return last if last and last["event"] == "approval asked" else None


def _service_of(path: Path) -> str:
    """Empty for a file beside the journals."""
    return "" if "." in path.stem else path.stem.rsplit("-", 2)[0]


def _story(path: Path) -> list[dict[str, Any]]:
    lines = _whole_lines(path)
    last = next((number for number in range(len(lines) - 1, -1, -1) if _LOOK in lines[number]), -1)
    wanted = (line for number, line in enumerate(lines) if number == last or _LOOK not in line)
    return [line for line in map(_parsed, wanted) if line is not None]


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if _is_line(line) else None


def _is_line(line: Any) -> bool:
    return isinstance(line, dict) and isinstance(line.get("ts"), int | float) and isinstance(line.get("event"), str)


def _whole_lines(path: Path, most_bytes: int | None = None) -> list[bytes]:
    """Lines that were written to their end: a crash may have left half of one, which is no JSON.

    most_bytes: only those that lie whole within so many bytes of the file's end.
    """
    try:
        with path.open("rb") as file:
            if most_bytes is not None:
                file.seek(max(0, file.seek(0, os.SEEK_END) - most_bytes))
            data = file.read()
    except FileNotFoundError:
        return []
    return [line for line in data.splitlines(keepends=True) if line.endswith(b"}\n") and line.startswith(b"{")]
