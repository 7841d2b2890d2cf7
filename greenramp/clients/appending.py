"""Files that lines are added to: a line that a crash or a full disk cut short spoils no other."""

from __future__ import annotations

import os
from pathlib import Path


def append_lines(path: Path, text: str) -> None:
    """Add whole lines in one write and see them on disk. Any number of processes may do so at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            text = "\n" + text
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
