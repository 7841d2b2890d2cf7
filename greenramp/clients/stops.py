"""Where a release can go on, on this machine's disk; and a lock that says whether its process lives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from greenramp.clients.atomicfile import locked_if_free, read_json, write_json
from greenramp.clients.formats import UNREADABLE
from greenramp.clients.journal import Journal
from greenramp.errors import Fenced
from greenramp.home import Home
from greenramp.lifecycle.resuming import Stop

_ASKED = "resume asked"


def keep_stop(home: Home, stop: Stop) -> None:
    """Keep it, in place of the one before."""
    write_json(home.kept_stop(stop.release), stop.to_json())


def read_stop(home: Home, release: str) -> Stop | None:
    """What was kept; None for nothing, and for what can't be read: the release then goes back."""
    try:
        kept = read_json(home.kept_stop(release))
        return None if kept is None else Stop.from_json(kept)
    except UNREADABLE:
        return None


def forget_stop(home: Home, release: str) -> None:
    """From here on the release only goes back, or has ended; what is already gone is fine."""
    home.kept_stop(release).unlink(missing_ok=True)


def add_asked(home: Home, release: str) -> int:
    """Write down that a run is asked for that goes on; returns the how manieth it is."""
    Journal(home, release).add(_ASKED)
    return len(read_asked(home, release))


def read_asked(home: Home, release: str) -> tuple[float, ...]:
    """When such runs were asked for, epoch seconds."""
    return tuple(float(line["ts"]) for line in Journal(home, release).read() if line["event"] == _ASKED)


@contextmanager
def sole_process(home: Home, release: str) -> Iterator[None]:
    """While the block runs, no other process works for this release; the kernel ends that when this one dies.

    A lease can't tell two runs of one release apart: one that was stopped and goes on would renew the other's.
    Raises Fenced when another process has it.
    """
    with locked_if_free(home.living(release)) as mine:
        if not mine:
            raise Fenced(f"a process of {release} still lives; end it, or take traffic back with greenramp rollback")
        yield


def nobody_lives(home: Home, release: str) -> bool:
    """Whether no process works for this release."""
    with locked_if_free(home.living(release)) as free:
        return free
