"""Many requests one after another on several connections: who leaks or crashes shows it here, not among users."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from greenramp.clients.scoring import Scoring
from greenramp.errors import Unreachable
from greenramp.smoke.answer import Answer, Body

_CONNECTIONS = 4
"""Enough that a model which can't be asked from two threads at once shows it."""

_SAMPLE_SECONDS = 0.02
_TELL_SECONDS = 2.0


@dataclass
class Endured:
    """What came of it. answers: (which body, answer). memory: (requests answered, MB). gone: why no answer came."""

    seconds: float = 0.0
    answers: list[tuple[int, Answer]] = field(default_factory=list)
    memory: list[tuple[int, float]] = field(default_factory=list)
    gone: Unreachable | None = None


def endure(
    scorings: Callable[[], Sequence[Scoring]],
    bodies: Sequence[Body],
    requests: int,
    seconds: float,
    memory_mb: Callable[[], float],
    tell: Callable[[str], None],
) -> Endured:
    """Send `requests` as fast as they are answered, no longer than `seconds`, until an answer fails to come.

    scorings: makes connections to every address of the environment, for one thread.
    """
    endured, over, numbers = Endured(), threading.Event(), itertools.count()
    started = time.monotonic()

    def send() -> None:
        addresses = scorings()
        while not over.is_set() and (number := next(numbers)) < requests:
            try:
                answer = addresses[number % len(addresses)].send(bodies[number % len(bodies)])
            except Unreachable as error:
                endured.gone = endured.gone or error
                over.set()
                return
            endured.answers.append((number % len(bodies), answer))

    with ThreadPoolExecutor(_CONNECTIONS, "endurance") as threads:
        sending = [threads.submit(send) for _ in range(_CONNECTIONS)]
        told = started
        try:
            while not all(one.done() for one in sending):
                time.sleep(_SAMPLE_SECONDS)
                endured.memory.append((len(endured.answers), memory_mb()))
                now = time.monotonic()
                if now - started > seconds:
                    over.set()
                if now - told > _TELL_SECONDS:
                    told = now
                    tell(f"endurance: {len(endured.answers)} of {requests} requests, {endured.memory[-1][1]:.0f} MB")
        finally:
            over.set()  # a cancelled run must not wait for all the requests that are left
        for one in sending:
            one.result()
    endured.seconds = time.monotonic() - started
    return endured
