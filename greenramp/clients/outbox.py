"""What people are to be told, on disk before it is sent: a killed process leaves nothing unsaid."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from greenramp.clients.atomicfile import locked, locked_if_free, read_json, write_json
from greenramp.clients.formats import UNREADABLE
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.news import News

ATTEMPTS = 8
STALE_SECONDS = 24 * 3600.0
"""News of yesterday are none."""
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 900.0
_FORMAT = 1


@dataclass(frozen=True)
class Mark:
    """How far one entry has come with one target. tried: epoch seconds. why: what the last try met."""

    sent: bool = False
    attempts: int = 0
    tried: float = 0.0
    why: str = ""

    @property
    def final(self) -> bool:
        """Whether nothing more is tried."""
        return self.sent or self.attempts >= ATTEMPTS

    @property
    def due(self) -> float:
        """When the next try is, epoch seconds."""
        if not self.attempts:
            return self.tried
        return self.tried + min(_LONGEST_WAIT, _FIRST_WAIT * 3.0 ** (self.attempts - 1))


class Outbox:
    """Entries, each with a mark for each target; told ones lie apart.

    An entry names its targets once they are known, so that a target added later is not told old news.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.outbox
        self._told = home.outbox / "told"

    def put(self, news: News, targets: Collection[str] | None) -> bool:
        """Keep news for these targets (ids; None: not known yet); whether they are new. Safe to repeat."""
        with self._lock():
            if self._file(news.name).exists() or (self._told / f"{news.name}.json").exists():
                return False
            entry = {"format": _FORMAT, "news": news.to_json(), "targets": _listed(targets)}
            write_json(self._file(news.name), entry)
        self.close(news.name, news.seconds)  # with nobody to tell
        return True

    def address(self, targets: Collection[str]) -> None:
        """Give the entries that have no targets yet these."""
        for name in self.names():
            with self._lock():
                entry = self._entry(name)
                if entry and entry["targets"] is None:
                    write_json(self._file(name), {**entry, "targets": _listed(targets)})
            self.close(name)

    def names(self) -> list[str]:
        """Entries that not all of their targets have, oldest first."""
        entries = [(path, self._entry(path.stem)) for path in self._folder.glob("*.json")]
        return [path.stem for path, entry in sorted(entries, key=_age) if entry is not None]

    def deliver(
        self, target: str, send: Callable[[News], None], now: Callable[[], float] = time.time, *, early: bool = False
    ) -> float | None:
        """Try what is due for one target; returns when the next try is (epoch seconds), None when none is left.

        send: raises Unreachable when the target does not take it. early: try also what is not due yet. An entry that
        another process is just sending is left to it. Killed between the sending and the mark, the same news come
        twice; so they may when the target took them and its answer was lost.
        """
        later: list[float] = []
        for name in self.names():
            mark = self._tried(name, target, send, now, early)
            self.close(name, now())
            if mark is not None and not mark.final:
                later.append(mark.due)
        return min(later, default=None)

    def mark(self, name: str, target: str) -> Mark:
        """How far an entry has come with a target."""
        with suppress(*UNREADABLE):  # a damaged one is none: the same news come twice then
            return Mark(**(read_json(self._mark_file(name, target)) or {}))
        return Mark()

    def close(self, name: str, now: float | None = None) -> None:
        """Lay an entry aside when all its targets have it, were given up, or it is stale. Safe to repeat."""
        with self._lock():
            if not (entry := self._entry(name)):
                return
            marks = {target: self.mark(name, target) for target in entry["targets"] or ()}
            told = entry["targets"] is not None and all(mark.final for mark in marks.values())
            stale = (time.time() if now is None else now) - entry["news"]["seconds"] > STALE_SECONDS
            if told or stale:
                kept = {**entry, "marks": {target: asdict(mark) for target, mark in marks.items()}}
                write_json(self._told / f"{name}.json", kept)
                self._file(name).unlink(missing_ok=True)
                for file in self._folder.glob(f"{name}.*"):
                    file.unlink(missing_ok=True)

    def _tried(
        self, name: str, target: str, send: Callable[[News], None], now: Callable[[], float], early: bool
    ) -> Mark | None:
        """Send an entry if it is due; its mark then, None when it is not for this target or in other hands."""
        with locked_if_free(self._mark_file(name, target).with_suffix(".lock")) as mine:
            entry = self._entry(name)
            if not mine or entry is None or target not in (entry["targets"] or (target,)):
                return None
            mark = self.mark(name, target)
            if mark.final or (mark.due > now() and not early):
                return mark
            try:
                send(News.from_json(entry["news"]))
            except Unreachable as error:
                mark = Mark(attempts=mark.attempts + 1, tried=now(), why=str(error))
            else:
                mark = Mark(sent=True, attempts=mark.attempts + 1, tried=now())
            write_json(self._mark_file(name, target), asdict(mark))
            return mark

    def _entry(self, name: str) -> dict[str, Any] | None:
        """What is to be told; None when it has been, and for what a newer version wrote, which tells it.

        A damaged entry is kept under another name, and nobody is told of it: it keeps no other from being told.
        """
        path = self._file(name)
        try:
            entry: dict[str, Any] | None = read_json(path)
            if entry is None or entry.get("format", 1) > _FORMAT:
                return None
            News.from_json(entry["news"])
            float(entry["news"]["seconds"])
            if not (entry["targets"] is None or isinstance(entry["targets"], list)):
                raise TypeError("targets are a list")
        except UNREADABLE:
            with suppress(FileNotFoundError):
                path.rename(path.with_suffix(".damaged"))
            return None
        return entry

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _mark_file(self, name: str, target: str) -> Path:
        return self._folder / f"{name}.{target}.mark"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with locked(self._folder / ".lock"):
            yield


def _listed(targets: Collection[str] | None) -> list[str] | None:
    return None if targets is None else sorted(targets)


def _age(entry: tuple[Path, Any]) -> tuple[float, str]:
    path, data = entry
    return (data["news"]["seconds"] if data else 0.0, path.name)
