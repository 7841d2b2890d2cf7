"""Steady traffic on an example's service, and the labels that become known some seconds later."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import requests

from examples.example import Asked, Example

_TIMEOUT_SECONDS = 20


@dataclass
class Counts:
    """What the users saw. failures: the first few, in words. last_answer: epoch seconds, by version."""

    requests: int = 0
    failed: int = 0
    by_version: Counter[str] = field(default_factory=Counter)
    last_answer: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0


class Traffic:
    """Sends requests at a steady rate from several threads; what became of an answer is handed in later.

    Use as a context manager: leaving it waits for the requests in flight.
    """

    def __init__(self, url: str, outcomes_url: str, example: Example, seed: int = 1) -> None:
        self._url = f"{url}/{example.service}/invocations"
        self._outcomes_url = f"{outcomes_url}/outcomes/{example.service}"
        self._ask, self._rate, self._users = example.ask(), example.rate, example.users
        self._label_delay = example.label_delay_seconds
        self._random = random.Random(seed)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._labels: deque[tuple[float, str, Any]] = deque()
        self.counts = Counts()
        self._threads = [threading.Thread(target=self._send, args=(n, 4), daemon=True) for n in range(4)]
        self._threads.append(threading.Thread(target=self._label, daemon=True))

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=_TIMEOUT_SECONDS + 5)

    def _send(self, number: int, threads: int) -> None:
        """One of the users' connections, at its share of the rate."""
        session = requests.Session()
        session.trust_env = False
        started = time.monotonic()
        for turn in itertools.count():
            due = started + (turn + number / threads) * threads / self._rate
            if self._ended.wait(max(0.0, due - time.monotonic())):
                return
            with self._lock:
                asked = self._ask(self._random)
                user = f"user-{self._random.randrange(self._users)}"
            self._one(session, asked, user)

    def _one(self, session: requests.Session, asked: Asked, user: str) -> None:
        started, why = time.perf_counter(), ""
        try:
            answer = session.post(self._url, json=asked.payload, headers={"x-user-id": user}, timeout=_TIMEOUT_SECONDS)
            if answer.status_code != 200:
                why = f"{answer.status_code}: {answer.text[:200]}"
        except requests.RequestException as error:
            why = repr(error)
        with self._lock:
            self.counts.requests += 1
            self.counts.slowest_ms = max(self.counts.slowest_ms, (time.perf_counter() - started) * 1000)
            if why:
                self.counts.failed += 1
                self.counts.failures = [*self.counts.failures, why][:5]
                return
            version = answer.headers.get("x-model-version", "?")
            self.counts.by_version[version] += 1
            self.counts.last_answer[version] = time.time()
            label = asked.outcome(answer.json()["predictions"])
            if label is not None:
                self._labels.append((time.time() + self._label_delay, answer.headers["x-request-id"], label))

    def _label(self) -> None:
        """Hand in what has become known by now, four times a second."""
        session = requests.Session()
        session.trust_env = False
        while not self._ended.wait(0.25):
            known = []
            with self._lock:
                while self._labels and self._labels[0][0] <= time.time():
                    _, request_id, label = self._labels.popleft()
                    known.append({"id": request_id, "label": label})
            if known:
                session.post(self._outcomes_url, json=known, timeout=_TIMEOUT_SECONDS).raise_for_status()
