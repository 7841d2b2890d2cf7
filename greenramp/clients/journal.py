"""What happened in a release, line by line on this machine's disk: it needs no server, so it is complete."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from greenramp.clients.jsonlines import JsonLines
from greenramp.home import Home

_LOOK = b'"event": "verdicts"'
"""What a look's line holds, and no other: quotes inside of texts are written with a backslash."""

_NEAR_BYTES = 1024 * 1024


class Journal:
    """One release's journal; every line has `ts` (epoch seconds) and `event`."""

    def __init__(self, home: Home, release: str) -> None:
        self.path: Path = home.journals / f"{release}.jsonl"

    def add(self, event: str, **facts: Any) -> None:
        """Write one line and see it on disk."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps({"ts": round(time.time(), 3), "event": event, **facts}) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self) -> list[dict[str, Any]]:
        """All lines so far."""
        return JsonLines(self.path).read_new()


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
    found = next((line for line in reversed(lines) if _LOOK in line), None)
    return None if found is None else dict(json.loads(found))


def _service_of(path: Path) -> str:
    """Empty for a file beside the journals."""
    return "" if "." in path.stem else path.stem.rsplit("-", 2)[0]


def _story(path: Path) -> list[dict[str, Any]]:
    lines = _whole_lines(path)
    last = next((number for number in range(len(lines) - 1, -1, -1) if _LOOK in lines[number]), -1)
    return [json.loads(line) for number, line in enumerate(lines) if number == last or _LOOK not in line]


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
