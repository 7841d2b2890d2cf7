"""Keeps a release's lease alive from a thread that dies with the release."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from greenramp.clients.envoy.router import Router
from greenramp.errors import Fenced, GreenrampError
from greenramp.home import Home
from greenramp.traffic.route import renew

_RENEWALS_PER_LEASE = 4


@contextmanager
def holding(home: Home, service: str, owner: str, lease_seconds: float) -> Iterator[None]:
    """While the body runs, prolong the owner's lease; a lease that was lost is found by whoever next changes traffic.

    Three renewals may fail before the lease ends. A lost lease is never taken again: another owner may have come.
    """
    ended = threading.Event()

    def keep() -> None:
        router = Router(home)
        while not ended.wait(lease_seconds / _RENEWALS_PER_LEASE):
            try:
                router.change(service, lambda route: renew(route, owner, time.time(), lease_seconds))
            except Fenced:
                return
            except GreenrampError:  # Envoy is away, or its file damaged: the next renewal may find it healed
                continue

    thread = threading.Thread(target=keep, name=f"lease-{service}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=10)
