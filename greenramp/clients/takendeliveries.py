"""Which webhook deliveries have been taken: MLflow tries again after a lost answer, and others may replay."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from greenramp.clients.atomicfile import locked, read_json, write_json
from greenramp.clients.formats import UNREADABLE, require_known
from greenramp.home import Home
from greenramp.triggers.deliveries import AGE_SECONDS

MOST = 10_000
_FORMAT = 1


def take_once(home: Home, delivery: str, now: float, take: Callable[[], None]) -> bool:
    """Call `take` for a delivery that has not been taken yet; returns whether. now: epoch seconds.

    It is remembered once `take` has returned, so that one which fails is taken when it comes again; for twice as long
    as a signature is good, and among the newest ten thousand.
    """
    path = home.wishes / "deliveries" / "taken.json"
    with locked(path.with_suffix(".lock")):
        taken = _taken(path)
        if delivery in taken:
            return False
        take()
        fresh = {known: at for known, at in taken.items() if at > now - 2 * AGE_SECONDS}
        write_json(path, {"format": _FORMAT, "taken": {**dict(list(fresh.items())[-MOST + 1 :]), delivery: now}})
        return True


def _taken(path: Path) -> dict[str, float]:
    """Delivery -> when it was taken. None from a damaged file: what comes again asks for what was asked already."""
    with suppress(*UNREADABLE):
        data = read_json(path)
        if "format" not in data:  # of a site before the file had one
            data = {"format": 1, "taken": data}
        require_known(path, data["format"], _FORMAT)
        return {str(delivery): float(at) for delivery, at in data["taken"].items()}
    return {}
