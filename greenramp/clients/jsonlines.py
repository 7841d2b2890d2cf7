"""Reads growing files of JSON lines from a mark on, each line once, through their rotations."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

OLDER_KEPT = 8
"""No log keeps more older generations than this: FILE.1 is the newest of them, FILE.8 the oldest."""

_BLOCK_BYTES = 2 * 1024 * 1024
"""What is in memory at once, however much there is to read; a longer line is read whole."""

_TRACE_BYTES = 256
"""What stands before the place we have come to; file systems give the number of a deleted file to a new one."""

_UNKNOWN = -1


def generation(path: Path, number: int) -> Path:
    """Where a log's generation lies: 0 is the file that is written, 1 the one before."""
    return path.with_name(f"{path.name}.{number}") if number else path


@dataclass
class JsonLines:
    """The lines of one log that came after the last look.

    A log is FILE and its older generations FILE.1, FILE.2, ...; a rotation only renames. An older one is read to its
    end before the next. A line without its end is left for the next look, or is broken when its file is finished.

    offset: byte the next look starts at. inode: of the generation it is in; 0 means the oldest, or with an offset the
    newest. trace: checksum of the bytes before the offset. broken: lines that are no JSON object; they are passed over.
    gaps: how often the place was not there any more, deleted or written over; we went on with the oldest that is there,
    or with the start of what was written over. block_bytes: of one block, about.
    """

    path: Path
    offset: int = 0
    inode: int = 0
    trace: int = _UNKNOWN
    broken: int = 0
    gaps: int = 0
    block_bytes: int = _BLOCK_BYTES

    @classmethod
    def from_now(cls, path: Path) -> JsonLines:
        """Start behind what is there already."""
        lines = cls(path)
        if found := _inodes(path):
            with _opened(path, found[0]) as file:
                before = _before(file, os.fstat(file.fileno()).st_size)
                lines._go_to(found[0], file.tell(), _checksum(before))
        return lines

    @classmethod
    def from_mark(cls, path: Path, mark: Sequence[int]) -> JsonLines:
        """Start where another reader's `mark` was taken."""
        inode, offset, trace = mark
        return cls(path, offset, inode, trace)

    @property
    def mark(self) -> list[int]:
        """Where the next look starts: plain data that stays true when the log is rotated."""
        return [self.inode, self.offset, self.trace]

    def read_new(self) -> list[dict[str, Any]]:
        """All complete lines since the last look; none when the file is not there."""
        return list(self.new_lines())

    def new_lines(self) -> Iterator[dict[str, Any]]:
        """The same one by one, with only a part of the file in memory; to be gone through to the end."""
        while (block := self.next_block()) is not None:
            yield from self.rows(block)

    def rows(self, block: bytes) -> Iterator[dict[str, Any]]:
        """The rows of complete lines; lines that are none are counted as broken."""
        for line in block.splitlines():
            if (row := self._parse(line)) is not None:
                yield row

    def next_block(self) -> bytes | None:
        """The next complete lines, about block_bytes; None when there are none for now."""
        while found := self._find_place():
            newer = found[: found.index(self.inode)]
            try:
                block, rest = self._read_block()
            except FileNotFoundError:  # deleted since we saw it
                continue
            if newer and rest is not None:  # it was finished before we read it to its end
                self.broken += bool(rest)
                self._go_to(newer[-1])
            elif not block:
                return None
            if block:
                return block
        return None

    def _find_place(self) -> list[int]:
        """Inodes of all generations, newest first, with ours among them; nothing when there is no file."""
        found = _inodes(self.path)
        if found and not self.inode:
            self.inode = found[0] if self.offset else found[-1]
        elif found and self.inode not in found:
            self.gaps += 1
            self._go_to(found[-1])
        return found

    def _read_block(self) -> tuple[bytes, bytes | None]:
        """Complete lines, and half a line when they are followed by the end of the file; None when they are not."""
        with _opened(self.path, self.inode) as file:
            before = _before(file, self.offset)
            if file.tell() < self.offset or self.trace not in (_UNKNOWN, _checksum(before)):
                self.gaps += 1
                before = _before(file, 0)
                self.offset = 0
            data = file.read(self.block_bytes)
            at_end = len(data) < self.block_bytes
            end = data.rfind(b"\n") + 1
            if not end and not at_end:
                data += file.readline()
                at_end = not data.endswith(b"\n")
                end = 0 if at_end else len(data)
        last = data[max(0, end - _TRACE_BYTES) : end]
        self._go_to(self.inode, self.offset + end, _checksum((before + last)[-_TRACE_BYTES:]))
        return data[:end], data[end:] if at_end else None

    def _go_to(self, inode: int, offset: int = 0, trace: int = _UNKNOWN) -> None:
        self.inode, self.offset, self.trace = inode, offset, trace

    def _parse(self, line: bytes) -> dict[str, Any] | None:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):  # the latter of brackets in brackets, a thousand deep
            row = None
        if isinstance(row, dict):
            return row
        self.broken += 1
        return None


def _inodes(path: Path) -> list[int]:
    """All generations as they stood at one moment, newest first: names only ever rise, so two equal looks are one."""
    found = _named(path)
    while (again := _named(path)) != found:
        found = again
    return list(dict.fromkeys(found.values()))


def _named(path: Path) -> dict[int, int]:
    """The inode under each number there is; with a rotation in between they need not belong together."""
    found = {}
    for number in range(OLDER_KEPT + 1):
        with suppress(FileNotFoundError):
            found[number] = generation(path, number).stat().st_ino
    return found


def _opened(path: Path, inode: int) -> BinaryIO:
    """Open a generation under whatever name it has by now; raises FileNotFoundError when it is gone."""
    for number in range(OLDER_KEPT + 1):
        with suppress(FileNotFoundError):
            file = generation(path, number).open("rb")
            if os.fstat(file.fileno()).st_ino == inode:
                return file
            file.close()
    raise FileNotFoundError(f"{path} has no generation with inode {inode} any more")


def _before(file: BinaryIO, offset: int) -> bytes:
    """The bytes before `offset`; leaves the file there, or at its end when it is shorter."""
    start = max(0, offset - _TRACE_BYTES)
    file.seek(start)
    before = file.read(offset - start)
    if len(before) < offset - start:
        file.seek(0, os.SEEK_END)
    return before


def _checksum(data: bytes) -> int:
    return zlib.crc32(data)
