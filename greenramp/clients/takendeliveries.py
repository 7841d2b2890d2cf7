"""Which webhook deliveries have been taken: MLflow tries again after a lost answer, and others may replay."""

from __future__ import annotations

from collections.abc import Callable

from greenramp.clients.atomicfile import locked, read_json, write_json
from greenramp.deliveries import AGE_SECONDS
from greenramp.home import Home

MOST = 10_000


def take_once(home: Home, delivery: str, now: float, take: Callable[[], None]) -> bool:
    """Call `take` for a delivery that has not been taken yet; returns whether. now: epoch seconds.

    It is remembered once `take` has returned, so that one which fails is taken when it comes again; for twice as long
    as a signature is good, and among the newest ten thousand.
    """
    path = home.wishes / "deliveries" / "taken.json"
    with locked(path.with_suffix(".lock")):
        taken = read_json(path) or {}
        if delivery in taken:
            return False
        take()
        fresh = {known: at for known, at in taken.items() if at > now - 2 * AGE_SECONDS}
        write_json(path, {**dict(list(fresh.items())[-MOST + 1 :]), delivery: now})
        return True
