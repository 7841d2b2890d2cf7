"""Wishes on disk: one file per service, with what was last seen in the registry; it survives whatever dies."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenramp.clients.atomicfile import locked, read_json, write_json
from greenramp.clients.envoy.router import Router
from greenramp.clients.formats import UNREADABLE, require_known
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.lifecycle.phases import Phase
from greenramp.triggers.signs import Seen
from greenramp.triggers.wishes import Wish, Wishes, World, kept

_FORMAT = 1
_TAIL_BYTES = 64 * 1024
_OWN_ENDS = (Phase.LIVE.value, Phase.ROLLED_BACK.value)


@dataclass(frozen=True)
class Book:
    """What one service's file holds. seen: None before the first look at the registry."""

    wishes: Wishes = ()
    seen: Seen | None = None


def read_book(home: Home, service: str) -> Book:
    """A service's wishes; none when nobody has asked yet."""
    path = home.wishes / f"{service}.json"
    try:
        data = read_json(path)
        return Book() if data is None else _book(path, data)
    except UNREADABLE as error:
        raise ConfigError(f"{path}: it can't be read: {error!r}; move it away, and what waits is asked anew") from error


def booked_services(home: Home) -> tuple[str, ...]:
    """Services that somebody has asked for a release of, or that were looked at, by name."""
    return tuple(sorted(path.stem for path in home.wishes.glob("*.json")))


def change_book(home: Home, service: str, change: Callable[[Book], Book]) -> Book:
    """Change a service's wishes and see them on disk; one process at a time."""
    with locked(home.wishes / f"{service}.lock"):
        before = read_book(home, service)
        after = change(before)
        after = Book(kept(after.wishes), after.seen)
        if after != before:
            seen = None if after.seen is None else after.seen.to_json()
            data = {"format": _FORMAT, "seen": seen, "wishes": [wish.to_json() for wish in after.wishes]}
            write_json(home.wishes / f"{service}.json", data)
        return after


def ensure_since(home: Home, now: float) -> float:
    """When this site began to heed wishes, epoch seconds; the first call says so.

    A damaged file is as none: what was asked for before now is not heeded then, unless it was kept as a wish.
    """
    path = home.wishes / "since" / "since.json"
    with locked(path.with_suffix(".lock")):
        with suppress(*UNREADABLE):
            known = read_json(path)
            require_known(path, known.get("format", 1), _FORMAT)
            if math.isfinite(since := float(known["since"])):
                return since
        write_json(path, {"format": _FORMAT, "since": now})
        return now


def read_world(home: Home, service: str, versions: Iterable[str]) -> World:
    """What is true now, as far as these versions are concerned."""
    router = Router(home)
    route = router.read(service)
    live = router.upstream(service, route.live) if route.live else None
    ends = {version: ended for version in versions if (ended := _last_end(home, service, version))}
    return World(live.version if live else None, ends)


def claimed_version(home: Home, service: str, run: str) -> str:
    """The version that a flow run has claimed the service for, empty when it never came to that."""
    found = next(iter(home.journals.glob(f"{service}-*-{run[:8]}.jsonl")), None)
    return found.stem.rsplit("-", 2)[1] if found else ""


def _book(path: Path, data: Any) -> Book:
    require_known(path, data["format"], _FORMAT)
    seen = None if data["seen"] is None else Seen.from_json(data["seen"])
    return Book(tuple(Wish.from_json(wish) for wish in data["wishes"]), seen)


def _last_end(home: Home, service: str, version: str) -> float:
    """When a release of this version last ended by itself, 0 for never."""
    return max((_end(path) for path in home.journals.glob(f"{service}-{version}-????????.jsonl")), default=0.0)


def _end(path: Path) -> float:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        lines = file.read().splitlines()
    for line in reversed(lines):
        with suppress(ValueError, LookupError, TypeError):
            row = json.loads(line)
            if row["event"] == "ended":
                return float(row["ts"]) if row["outcome"] in _OWN_ENDS else 0.0
    return 0.0
