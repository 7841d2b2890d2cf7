"""An append-only file of whole lines that never grows beyond its limit: one older file is kept beside it."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path


class BoundedFile:
    """`path` holds at most `max_bytes`; what was there before is in `path.1`; only the owner may read them."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Open the file for appending. Raises OSError when that can't be done."""
        self._path = path
        self._max_bytes = max_bytes
        self._fd, self._size = _open(path)
        self.error: OSError | None = None  # why the last append was not complete

    def append(self, lines: Sequence[bytes]) -> int:
        """Write the lines, each with its line end; return how many stand in the file, all unless the disk refuses."""
        done = 0
        self.error = None
        try:
            while done < len(lines):
                count = self._fitting(lines, done)
                if count == 0 and self._size:
                    self._rotate()
                    continue
                count = max(1, count)  # a line larger than the whole file has it alone
                self._write(b"".join(lines[done : done + count]))
                done += count
        except OSError as error:
            self.error = error
        return done

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _fitting(self, lines: Sequence[bytes], start: int) -> int:
        """Count the lines from `start` on that still fit into the file."""
        size = self._size
        for index in range(start, len(lines)):
            size += len(lines[index])
            if size > self._max_bytes:
                return index - start
        return len(lines) - start

    def _write(self, block: bytes) -> None:
        left = memoryview(block)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            os.ftruncate(self._fd, self._size)  # leave no half line
            raise
        self._size += len(block)

    def _rotate(self) -> None:
        if self._path.exists():  # not there when a rotation stopped half-way, or somebody removed it
            self._path.replace(self._path.with_name(self._path.name + ".1"))
        old = self._fd
        self._fd, self._size = _open(self._path)
        os.close(old)


def _open(path: Path) -> tuple[int, int]:
    """Open for appending, readable by the owner only; return the descriptor and the size."""
    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return fd, _prepare(fd)
    except OSError:
        os.close(fd)
        raise


def _prepare(fd: int) -> int:
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        raise OSError("not a regular file")
    os.fchmod(fd, 0o600)
    size = status.st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":  # a process that was killed while writing left half a line
        size += os.write(fd, b"\n")
    return size
