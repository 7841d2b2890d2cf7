"""The note that a planned restart has handed the users over, for whoever has to finish it when it is killed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.formats import UNREADABLE
from greenramp.home import Home
from greenramp.site.slots import SLOTS
from greenramp.traffic.handling import Edge


@dataclass(frozen=True)
class Takeover:
    """The slot that takes over, and the edge settings it was started with."""

    slot: str
    edge: Edge


def note_takeover(home: Home, takeover: Takeover) -> None:
    """Keep it until the one before has left."""
    write_json(_path(home), asdict(takeover))


def read_takeover(home: Home) -> Takeover | None:
    """The takeover that is not finished, None when there is none.

    A damaged note is none: what it comes to is a restart that was killed before the users were handed over.
    """
    with suppress(*UNREADABLE):
        data = read_json(_path(home))
        if data and data["slot"] in SLOTS:
            return Takeover(data["slot"], Edge.from_json(data["edge"]))
    return None


def forget_takeover(home: Home) -> None:
    """It is finished, or given up."""
    _path(home).unlink(missing_ok=True)


def _path(home: Home) -> Path:
    return home.runtime / "takeover.json"
