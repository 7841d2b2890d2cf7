"""Users at a steady rate in a process of their own, so that they don't keep the one waiting who is measured."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection

from benchmarks.driving.steady_load import BODY, Sent, SteadyLoad


class UsersElsewhere:
    """While the body of `with` runs, `rate` requests go out every second; all that is here is known behind it."""

    def __init__(self, port: int, path: str, rate: float, bodies: Sequence[bytes] = (BODY,)) -> None:
        self.sent: list[Sent] = []
        self.closed, self.rate = 0, 0.0
        spawning = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_ask, args=(theirs, port, path, rate, bodies))

    @property
    def failed(self) -> int:
        """How many requests failed."""
        return sum(sent.failed for sent in self.sent)

    def __enter__(self) -> UsersElsewhere:
        self._process.start()
        self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("end")
        sent, self.closed, self.rate = self._pipe.recv()
        self.sent = [Sent(*values) for values in sent]
        self._process.join()


def _ask(pipe: Connection, port: int, path: str, rate: float, bodies: Sequence[bytes]) -> None:
    with SteadyLoad(port, path, rate, bodies=bodies) as load:
        pipe.send("begun")
        pipe.recv()
    pipe.send(([tuple(sent) for sent in load.sent], load.closed, load.rate))
