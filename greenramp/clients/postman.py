"""Delivers the outbox beside a release, one thread for each target: nothing waits for a target that hangs."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable

from greenramp.clients.outbox import Outbox
from greenramp.clients.targets import Target
from greenramp.errors import GreenrampError, Unreachable
from greenramp.home import Home
from greenramp.news import News

AT_EXIT_SECONDS = 10.0
"""So long a process that is done waits for its last messages; what is left then is the next one's."""
_ASK_AGAIN_SECONDS = 30.0


class Postman:
    """One process's threads. sure, doubtful: read the targets; what `doubtful` raises is tried again later."""

    def __init__(
        self, home: Home, sure: Callable[[], tuple[Target, ...]], doubtful: Callable[[], tuple[Target, ...]]
    ) -> None:
        self._outbox = Outbox(home)
        self._sure, self._doubtful = sure, doubtful
        self._targets: tuple[Target, ...] | None = None
        self._threads: list[threading.Thread] = []
        self._turn = threading.Condition()
        self._put = 0
        self._closing = False
        self._begun = False
        self._troubles: dict[str, None] = {}

    def take(self, news: News) -> bool:
        """Keep news and have them delivered; returns at once, whether they are new."""
        known = self._targets
        new = self._outbox.put(news, None if known is None else [target.id for target in known])
        if known is None and self._targets is not None:  # they became known in between
            self._outbox.address([target.id for target in self._targets])
        self.wake()
        return new

    def wake(self) -> None:
        """Have everything delivered that is due, also what others left."""
        with self._turn:
            self._put += 1
            self._turn.notify_all()
            if not self._begun:
                self._begun = True
                atexit.register(self.finish, AT_EXIT_SECONDS)
                self._start(self._begin)

    def take_troubles(self) -> list[str]:
        """What went wrong since the last call, each once."""
        with self._turn:
            troubles, self._troubles = list(self._troubles), {}
        return troubles

    def finish(self, seconds: float) -> None:
        """Let everything have the try that is due, and wait for it at most so long; the postman then is done."""
        atexit.unregister(self.finish)
        deadline = time.monotonic() + seconds
        with self._turn:
            self._closing = True
            self._turn.notify_all()
        for thread in self._threads:  # grows while the first of them still runs
            thread.join(max(0.0, deadline - time.monotonic()))

    def _begin(self) -> None:
        """Learn the targets; the certain ones need not wait for the others."""
        sure = self._sure()
        for target in sure:
            self._start(self._serve, target)
        while True:
            try:
                more = tuple(target for target in self._doubtful() if target not in sure)
            except GreenrampError as error:
                self._note(str(error))
                if self._wait(_ASK_AGAIN_SECONDS, self._put):
                    return
                continue
            self._targets = sure + more
            self._outbox.address([target.id for target in self._targets])
            for target in more:
                self._start(self._serve, target)
            return

    def _serve(self, target: Target) -> None:
        while True:
            seen = self._put
            due = self._outbox.deliver(target.id, lambda news: self._send(target, news))
            if self._wait(None if due is None else max(0.0, due - time.time()), seen):
                return

    def _send(self, target: Target, news: News) -> None:
        try:
            target.tell(news)
        except Unreachable as error:
            self._note(str(error))
            raise

    def _note(self, trouble: str) -> None:
        with self._turn:
            self._troubles[trouble] = None

    def _wait(self, seconds: float | None, seen: int) -> bool:
        """Until something new was put since `seen`, or the time has come; whether this was the last turn."""
        with self._turn:
            self._turn.wait_for(lambda: self._closing or self._put != seen, seconds)
            return self._closing and self._put == seen

    def _start(self, work: Callable[..., None], *arguments: Target) -> None:
        thread = threading.Thread(target=work, args=arguments, name="postman", daemon=True)
        self._threads.append(thread)
        thread.start()
