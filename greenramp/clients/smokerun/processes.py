"""The processes of an environment as the system sees them: memory, which Python, still the same ones?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import psutil

_MB = 1024 * 1024


class Processes:
    """An environment's processes with the children they have now."""

    def __init__(self, pids: Sequence[int]) -> None:
        """Those that are gone already are left out, and `same` says so."""
        self._count = len(pids)
        self._parents: list[psutil.Process] = []
        self._all: list[psutil.Process] = []
        for pid in pids:
            with suppress(psutil.Error):
                parent = psutil.Process(pid)  # remembers when it was started: a pid given anew is another process
                self._all += [parent, *parent.children(recursive=True)]
                self._parents.append(parent)

    @property
    def known(self) -> bool:
        """Whether there is anything to look at; the processes of an environment elsewhere are not known."""
        return bool(self._count)

    def memory_mb(self) -> float:
        """Resident memory of all of them together."""
        total = 0
        for process in self._all:
            with suppress(psutil.Error):
                total += process.memory_info().rss
        return total / _MB

    def same(self) -> bool:
        """Whether each of them still runs and has not been started anew."""
        return len([parent for parent in self._parents if _runs(parent)]) == self._count

    def python(self) -> str | None:
        """The Python that serves, as it was called; None when that can't be told."""
        with suppress(psutil.Error, IndexError):
            words = self._parents[0].cmdline()
            return words[0] if words[1:3] == ["-m", "greenramp.serving"] else None
        return None


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
