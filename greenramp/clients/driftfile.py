"""What was last found to be changed by hand, kept on disk for whoever asks later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from greenramp.clients.atomicfile import locked, read_json, write_json
from greenramp.clients.formats import UNREADABLE
from greenramp.home import Home
from greenramp.lifecycle.drift import Drift

_FORMAT = 1


def read_drift(home: Home) -> tuple[Drift, ...]:
    """What the last look found; nothing while the file is damaged or a newer version's: it is found and told anew."""
    try:
        kept = read_json(home.drift)
        return () if kept is None or kept["format"] != _FORMAT else tuple(map(Drift.from_json, kept["found"]))
    except UNREADABLE:
        return ()


def mark_told(home: Home, told: Iterable[Drift]) -> None:
    """These have been told."""
    known = {(one.service, one.what, one.since) for one in told}
    change_drift(
        home,
        lambda all_: tuple(
            replace(one, told=one.told or (one.service, one.what, one.since) in known) for one in all_
        ),
    )  # fmt: skip


def change_drift(home: Home, change: Callable[[tuple[Drift, ...]], tuple[Drift, ...]]) -> tuple[Drift, ...]:
    """Keep what a pure function makes of what was kept."""
    with locked(home.runtime / "drift.lock"):
        before = read_drift(home)
        if (now := change(before)) != before:
            write_json(home.drift, {"format": _FORMAT, "found": [one.to_json() for one in now]})
    return now
