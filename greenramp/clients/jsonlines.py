"""Reads growing files of JSON lines from a cursor on."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class JsonLines:
    """The lines of one file that came after the last look.

    offset: byte the next look starts at. A line without its end is left for the next look; a line that is
    no JSON object is counted in `broken` and passed over. A file that was replaced is read from its start.
    """

    path: Path
    offset: int = 0
    broken: int = 0
    _file_id: int = field(default=0, repr=False)

    @classmethod
    def from_now(cls, path: Path) -> JsonLines:
        """Start behind what is there already."""
        return cls(path, path.stat().st_size if path.exists() else 0)

    def read_new(self) -> list[dict[str, Any]]:
        """All complete lines since the last look; none when the file is not there."""
        try:
            with self.path.open("rb") as file:
                self._reset_if_replaced(file.fileno())
                file.seek(self.offset)
                data = file.read()
        except FileNotFoundError:
            return []
        end = data.rfind(b"\n") + 1
        self.offset += end
        return [row for line in data[:end].splitlines() if (row := self._parse(line)) is not None]

    def _reset_if_replaced(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if (self._file_id and status.st_ino != self._file_id) or status.st_size < self.offset:
            self.offset = 0
        self._file_id = status.st_ino

    def _parse(self, line: bytes) -> dict[str, Any] | None:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict):
            return row
        self.broken += 1
        return None
