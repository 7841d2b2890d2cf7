"""One of the two files Envoy watches: written whole, seen taken by Envoy, with a copy of what Envoy took last."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.envoy.admin import Accepted
from greenramp.clients.envoy.refusal import RefusalLog
from greenramp.clients.formats import UNREADABLE, Damaged, require_known
from greenramp.errors import ConfigError, NotConfirmed, Unreachable

_ANSWER_SECONDS = 5.0
"""Envoy takes a file in some milliseconds; under heavy load it has been seen to need 70."""

_FORMAT = 1
_STAMP = {"control_plane": {"identifier": f"greenramp {_FORMAT}"}}
"""Envoy takes no fields but its own; this one it leaves to whoever wrote the file."""

File = dict[str, Any]
Check = Callable[[], None]


class Rejected(NotConfirmed):
    """Envoy has read the file and does not take it."""


class WatchedFile:
    """A file in Envoy's watched folder. Its writers hold a lock of theirs, and check it right before each write.

    parse: reads what we keep in the file; whatever it raises makes the file a damaged one. empty: the file of a new
    site. accepted: Envoy's word on it.
    """

    def __init__(
        self,
        path: Path,
        parse: Callable[[File], object],
        empty: Callable[[], File],
        accepted: Callable[[], Accepted],
        envoy_log: Path,
    ) -> None:
        self.path = path
        self._kept = path.parent.parent / "good" / path.name  # not in the watched folder
        self._parse, self._empty, self._accepted = parse, empty, accepted
        self._envoy_log = envoy_log

    def read(self) -> File | None:
        """What the file holds, None when it is not there.

        Raises Damaged when it is not as we wrote it, ConfigError when a newer version wrote it."""
        return self._read(self.path)

    def ensure(self) -> None:
        """Make the file whole before Envoy starts: the copy in place of a damaged or missing one, else an empty one.

        Raises ConfigError for a damaged file without a copy: its services must not be forgotten silently.
        """
        try:
            missing = self.read() is None
        except Damaged:
            if not self._kept.exists():
                raise
            missing = True
        if missing:
            self._replace(self._read(self._kept) or {**self._empty(), **_STAMP})

    def write(self, make: Callable[[int], File], old: File | None, check: Check) -> None:
        """Write the file and see it taken; a file that Envoy refuses is replaced by the one before.

        make: the file for a version. That version is one Envoy has not seen, whatever was put back in between.
        """
        before: Accepted | None = None
        with suppress(Unreachable):
            before = self._accepted()
        taken = before.version if before and before.version.isdecimal() else "0"
        new = {**make(max(int(old["version_info"]) if old else 0, int(taken)) + 1), **_STAMP}
        log = RefusalLog(self._envoy_log)
        self._replace(new, check)
        try:
            self.confirm(new, before)
        except Rejected as refusal:
            if old is not None:
                self._replace(old, check)
            raise Rejected(f"{refusal}: {log.reason()}") from refusal

    def confirm(self, file: File, before: Accepted | None = None) -> None:
        """See Envoy run with the file, then keep a copy; raises NotConfirmed when it refuses or takes too long."""
        version, deadline = str(file["version_info"]), time.monotonic() + _ANSWER_SECONDS
        while (now := self._accepted()).version != version:
            if before and (now.rejected > before.rejected or now.failed > before.failed):
                raise Rejected(f"Envoy refuses version {version} of {self.path}")
            if time.monotonic() > deadline:
                raise NotConfirmed(
                    f"Envoy runs with version {now.version or 'none'} of {self.path} after {_ANSWER_SECONDS:g} s, "
                    f"not {version}"
                )
            time.sleep(0.002)
        with suppress(OSError):  # traffic has moved; an order must not fail for want of a copy
            write_json(self._kept, file)

    def sound(self) -> bool:
        """Whether Envoy runs with what is on disk; raises Unreachable when it does not answer."""
        accepted = self._accepted().version
        with suppress(ConfigError):
            file = self.read()
            return file is not None and str(file["version_info"]) == accepted
        return False

    def edited(self) -> bool:
        """Whether the file is another than the one Envoy took last under the same version: somebody edited it."""
        try:
            file, good = self.read(), self._read(self._kept)
        except ConfigError:
            return False  # a damaged one is named, and mended, elsewhere
        return bool(file and good and file != good and file["version_info"] == good["version_info"])

    def restore(self, check: Check) -> None:
        """Put back what Envoy took last, under a version of its own, in place of a file that was edited."""
        if self.edited() and (good := self._read(self._kept)):
            self.write(lambda version: {**good, "version_info": str(version)}, good, check)

    def mend(self, check: Check) -> str:
        """Put the copy back in place of a file that Envoy does not run with; returns what was wrong, empty for nothing.

        For a caller who holds the lock, so that nobody is just writing. The wrong file is kept beside the copy.
        Raises Unreachable when Envoy does not answer.
        """
        deadline = time.monotonic() + 1  # Envoy may be just reading it
        while not self.sound():
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return ""
        accepted, good = self._accepted().version, self._read(self._kept)
        if good is None or accepted not in ("", str(good["version_info"])):
            return ""  # Envoy runs with something we hold no copy of: a person has to look
        wrong = self._kept.with_name(f"{self.path.name}.refused")
        with suppress(FileNotFoundError):
            wrong.write_bytes(self.path.read_bytes())
        self._replace(good, check)
        return f"{self.path} was not what Envoy runs with; its last good copy is back, the other is {wrong}"

    def _replace(self, file: File, check: Check = lambda: None) -> None:
        try:
            write_json(self.path, file, check=check)
        except OSError as error:
            raise NotConfirmed(
                f"{self.path} can't be written: {error}; see that its disk has room and its folder is yours, "
                "then try again"
            ) from error

    def _read(self, path: Path) -> File | None:
        if not path.exists():
            return None
        try:
            file: File = read_json(path)
            require_known(path, _format_of(file), _FORMAT)
            int(file["version_info"])
            self._parse(file)
        except UNREADABLE as error:
            has_copy = self._kept.exists() and self._kept != path
            cure = f"the last good copy back with: mv {self._kept} {path}" if has_copy else "a backup back"
            raise Damaged(
                f"{path} is damaged ({type(error).__name__}: {error}); a running Envoy serves on with what it took "
                f"before, but nothing can be changed; put {cure}"
            ) from error
        return file


def _format_of(file: File) -> int:
    """The format, 1 for a file from before it was written down."""
    return int(file.get("control_plane", {}).get("identifier", "greenramp 1").removeprefix("greenramp "))
