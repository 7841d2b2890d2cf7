"""What happened in a release, line by line on this machine's disk: it needs no server, so it is complete."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from greenramp.clients.jsonlines import JsonLines
from greenramp.home import Home


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
