"""Steady traffic on a service, as its users make it, and the labels that become known some seconds later."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

import requests

from examples.digits.models import Digits

_USERS = 4000
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
    """Sends images at a steady rate from several threads; an answer's label follows `label_delay` seconds later.

    Use as a context manager: leaving it waits for the requests in flight.
    """

    def __init__(
        self,
        url: str,
        outcomes_url: str,
        service: str,
        digits: Digits,
        rate: float,
        label_delay: float = 2.0,
        seed: int = 1,
    ) -> None:
        self._url = f"{url}/{service}/invocations"
        self._outcomes_url = f"{outcomes_url}/outcomes/{service}"
        self._digits = digits
        self._rate, self._label_delay = rate, label_delay
        self._random = random.Random(seed)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._labels: deque[tuple[float, str, int]] = deque()
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
                row = self._random.randrange(len(self._digits.unseen_labels))
                user = f"user-{self._random.randrange(_USERS)}"
            self._one(session, row, user)

    def _one(self, session: requests.Session, row: int, user: str) -> None:
        payload = {"inputs": [self._digits.unseen_images[row].tolist()]}
        started, why = time.perf_counter(), ""
        try:
            answer = session.post(self._url, json=payload, headers={"x-user-id": user}, timeout=_TIMEOUT_SECONDS)
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
            label = int(self._digits.unseen_labels[row])
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
