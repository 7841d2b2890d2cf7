"""Steady users of a service, and what they saw."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from site_driver import Site

from greenramp.clients.evidence_sources import append_labels

Ask = Callable[[random.Random], tuple[dict[str, Any], Any]]
"""Makes a request's payload, and the label that becomes known of it, None for none."""


@dataclass
class Seen:
    """What the users of a service saw."""

    requests: int = 0
    by_version: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    last_answer: dict[str, float] = field(default_factory=dict)


def one_number(chance: random.Random) -> tuple[dict[str, Any], Any]:
    """A number, and whether it is positive: what the driver's own models are asked."""
    value = chance.uniform(-100, 100)
    return {"dataframe_split": {"columns": ["x"], "data": [[value]]}}, int(value > 0)


class Users:
    """Steady traffic on a service; each answer's label becomes known at once. Use as a context manager."""

    def __init__(self, site: Site, service: str, rate: float = 60, ask: Ask = one_number) -> None:
        self._site, self._service, self._rate, self._ask = site, service, rate, ask
        self._ended = threading.Event()
        self._random = random.Random(5)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(4)]
        self.seen = Seen()

    def __enter__(self) -> Seen:
        for thread in self._threads:
            thread.start()
        return self.seen

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _send(self, number: int) -> None:
        session, turn, started = requests.Session(), 0, time.monotonic()
        while not self._ended.wait(max(0.0, started + (turn + number / 4) * 4 / self._rate - time.monotonic())):
            turn += 1
            with self._lock:
                (payload, label), user = self._ask(self._random), self._random.randrange(10_000)
            url = f"{self._site.router_url}/{self._service}/invocations"
            try:
                answer = session.post(url, json=payload, headers={"x-user-id": str(user)}, timeout=20)
                why = "" if answer.ok else f"{answer.status_code} {answer.text[:200]}"
            except requests.RequestException as error:
                why = repr(error)
            with self._lock:
                self.seen.requests += 1
                if why:
                    self.seen.failures.append(why)
                    continue
                version = answer.headers["x-model-version"]
                self.seen.by_version[version] += 1
                self.seen.last_answer[version] = time.time()
            if label is not None:
                append_labels(self._site.home, self._service, [(answer.headers["x-request-id"], label)])
