"""Steady users of the drill's service, and what they saw. None asks twice."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Self

import requests

from greenramp.clients.evidence_sources import append_labels
from greenramp.drill.expectation import USERS
from greenramp.site.drill.service import SERVICE
from greenramp.site.settings import SiteSettings

_PER_SECOND = 60.0


@dataclass
class Seen:
    """What the users saw, each thing with its time in epoch seconds.

    answers: when they came, and from which version. failures: when the request was sent, and what came of it.
    by_side: answers by the environment that gave them.
    """

    answers: list[tuple[float, str]] = field(default_factory=list)
    failures: list[tuple[float, str]] = field(default_factory=list)
    by_side: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """How many were sent."""
        return len(self.answers) + len(self.failures)


class Users:
    """Traffic for as long as the body of `with` runs; each answer's label becomes known at once."""

    def __init__(self, site: SiteSettings) -> None:
        self._site = site
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._chance = random.Random(5)  # noqa: S311  (no secret)
        self._threads = [threading.Thread(target=self._ask_on, args=(n,), daemon=True) for n in range(USERS)]
        self.seen = Seen()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _ask_on(self, number: int) -> None:
        session, began, turn = requests.Session(), time.monotonic(), 0
        session.trust_env = False
        while not self._ended.wait(max(0.0, began + (turn * USERS + number) / _PER_SECOND - time.monotonic())):
            turn += 1
            self._ask(session)

    def _ask(self, session: requests.Session) -> None:
        with self._lock:
            value, user = self._chance.uniform(-100, 100), self._chance.randrange(10_000)
        payload = {"dataframe_split": {"columns": ["x"], "data": [[value]]}}
        url, who = f"{self._site.router_url}/{SERVICE}/invocations", {"x-user-id": str(user)}
        began = time.time()
        try:
            answer = session.post(url, json=payload, headers=who, timeout=20)
        except requests.RequestException as error:
            self._note(began, repr(error), None)
            return
        self._note(began, "" if answer.ok else f"{answer.status_code} {answer.text[:200]}", answer)
        if answer.ok:
            append_labels(self._site.home, SERVICE, [(answer.headers["x-request-id"], int(value > 0))])

    def _note(self, began: float, wrong: str, answer: requests.Response | None) -> None:
        with self._lock:
            if wrong or answer is None:
                self.seen.failures.append((began, wrong))
                return
            self.seen.by_side[answer.headers["x-environment"]] += 1
            self.seen.answers.append((time.time(), answer.headers["x-model-version"]))
