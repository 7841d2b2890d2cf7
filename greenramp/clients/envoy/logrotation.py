"""Keeps the router's request log bounded: rename, then ask Envoy to open a new file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from greenramp.clients.atomicfile import locked
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.jsonlines import OLDER_KEPT, generation
from greenramp.errors import Unreachable
from greenramp.home import Home

MAX_BYTES = 64 * 1024 * 1024
"""A few hundred thousand requests; with the older generations the log takes nine times that of the disk."""


def ensure_log_bounded(home: Home, max_bytes: int = MAX_BYTES) -> bool:
    """Begin a new request log when this one is too large; returns whether it did. Safe to repeat.

    Nothing is lost, wherever this stops: until Envoy opens a new file it writes on into the renamed one.
    Raises Unreachable when Envoy does not answer; the next call asks again.
    """
    with locked(home.runtime / "request-log.lock"):
        log = home.request_log
        too_large = log.exists() and log.stat().st_size > max_bytes
        if too_large:
            _shift(log)
        if not log.exists() and generation(log, 1).exists():  # also when Envoy has not followed the last call yet
            for one in home.slot_admin_sockets():
                with suppress(Unreachable):  # nobody runs there
                    Admin(one).reopen_logs()
            Admin(home.admin_socket).reopen_logs()
    return too_large


def _shift(log: Path) -> None:
    """Give every generation the next number, the oldest first, so that none is written over but the last.

    A number that is free, where an earlier shift stopped, is filled first: then nothing is deleted at all.
    """
    free = (n for n in range(1, OLDER_KEPT) if not generation(log, n).exists())
    for number in range(next(free, OLDER_KEPT), 0, -1):
        generation(log, number - 1).replace(generation(log, number))
