"""Tells a slow receiver the newest state from a thread of its own, so that whoever judges never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

State = TypeVar("State")

RARELY = 60


class Background(Generic[State]):
    """While the body of `with` runs, `write` is given the newest state; older ones that it had no time for are lost.

    write: may be slow, and may fail: that is told once for as long as it goes on, and tried again with the next
    state. every_seconds: at most so often, and after long ever more rarely: once in a RARELYth of the time it goes on;
    an urgent state comes after least_seconds. wait_seconds: for the last state at the end, which is always tried; not
    so without `to_the_end`.
    """

    def __init__(
        self,
        write: Callable[[State], None],
        tell: Callable[[str], None],
        every_seconds: float = 5,
        least_seconds: float = 1,
        wait_seconds: float = 5,
        to_the_end: bool = True,
    ) -> None:
        self._write, self._tell, self._to_the_end = write, tell, to_the_end
        self._every, self._least, self._wait = every_seconds, least_seconds, wait_seconds
        self._newest: State | None = None
        self._wake, self._ended = threading.Event(), threading.Event()
        self._fails = False
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)

    def show(self, state: State, *, urgent: bool = False) -> None:
        """What is so now. Returns at once."""
        self._newest = state
        if urgent:
            self._wake.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._wake.set()
        self._thread.join(timeout=self._wait)

    def _work(self) -> None:
        written: State | None = None
        first = time.monotonic()
        while True:
            began = time.monotonic()
            self._wake.wait(max(self._every, (began - first) / RARELY))
            self._wake.clear()
            state, ended = self._newest, self._ended.is_set()
            if state is not None and state != written and (self._to_the_end or not ended):
                self._try(state)
                written = state
            if ended:
                return
            self._ended.wait(max(0.0, self._least - (time.monotonic() - began)))  # however urgent, not more often

    def _try(self, state: State) -> None:
        try:
            self._write(state)
        except Exception as error:  # noqa: BLE001  (whatever the receiver does is no matter of the release)
            if not self._fails:
                self._tell(str(error) or repr(error))
            self._fails = True
        else:
            self._fails = False
