"""A lock for writers of one file that a stopped writer can't hold for ever, and that he notices to have lost."""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from greenramp.clients.atomicfile import locked
from greenramp.errors import NotConfirmed

_LOOK_SECONDS = 0.005


@contextmanager
def sole_writer(path: Path, patience_seconds: float) -> Iterator[Callable[[], None]]:
    """Hold the lock file `path`; gives a check for right before the write: NotConfirmed once the lock is lost.

    The kernel lets the lock go when its holder dies. A holder who keeps it for longer than `patience_seconds`, which
    must be more than any write takes, has been stopped: the next writer takes it from him. His check then fails
    when he goes on. What remains is a writer stopped between his check and his write, some microseconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _acquired(path, patience_seconds) as file:

        def still_mine() -> None:
            if not _is_at(file, path):
                raise NotConfirmed(
                    f"this writer stood still for so long that another one took {path} over; nothing is written"
                )

        yield still_mine


@contextmanager
def _acquired(path: Path, patience_seconds: float) -> Iterator[IO[str]]:
    seen, since = "", time.monotonic()
    while True:
        with path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = f"{os.fstat(file.fileno()).st_ino} {file.read()}"
                if holder != seen:
                    seen, since = holder, time.monotonic()
                elif time.monotonic() - since > patience_seconds:
                    _take_away(path, os.fstat(file.fileno()).st_ino)
                time.sleep(_LOOK_SECONDS)
                continue
            if not _is_at(file, path):  # somebody took this file away while we waited for it
                continue
            with suppress(OSError):  # on a full disk those who wait can't tell one holder from the next
                file.truncate(0)
                os.write(file.fileno(), f"{os.getpid()} {uuid.uuid4().hex}".encode())
            yield file
            return


def _take_away(path: Path, inode: int) -> None:
    """Let the name lead to a new lock file; under a lock of its own, so that two who wait do it once."""
    with locked(path.with_name(f"{path.name}.taking")):
        if path.exists() and path.stat().st_ino == inode:
            path.unlink()


def _is_at(file: IO[str], path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
