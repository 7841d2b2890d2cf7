"""Why Envoy refused a file: it says so only in its log."""

from __future__ import annotations

import time
from pathlib import Path

_MARK = "Filesystem config update "
_WAIT_SECONDS = 0.5


class RefusalLog:
    """Envoy's log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._start = log.stat().st_size if log.exists() else 0

    def reason(self) -> str:
        """Envoy's words on the file it refused since this object was made; where to look when it says nothing soon."""
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            found = [line for line in self._new_lines() if _MARK in line]
            if found:
                return found[-1].split(_MARK, 1)[1][:500]
            if time.monotonic() > deadline:
                return f"its reason is not in {self._log} yet"
            time.sleep(0.01)

    def _new_lines(self) -> list[str]:
        try:
            with self._log.open("rb") as file:
                file.seek(self._start)
                return file.read().decode(errors="replace").splitlines()
        except OSError:
            return []
