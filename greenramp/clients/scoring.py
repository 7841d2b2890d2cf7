"""An environment's own address: is it ready, and what does it answer."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import requests

from greenramp.errors import Unreachable


@dataclass(frozen=True)
class Answer:
    """One answer. ms: from sending to the whole answer. version, environment: who says it answered."""

    status: int
    text: str
    ms: float
    version: str
    environment: str

    @property
    def predictions(self) -> list[Any] | None:
        """The list of predictions, None when the answer holds none."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return None
        found = body.get("predictions") if isinstance(body, dict) else None
        return found if isinstance(found, list) else None


class Scoring:
    """MLflow's scoring protocol at one address (http://host:port)."""

    def __init__(self, address: str, timeout_seconds: float = 60) -> None:
        self._address = address
        self._timeout = timeout_seconds
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy from the environment must not stand between us and loopback

    def ready(self) -> bool:
        """Whether the process answers /ping well."""
        try:
            return self._session.get(f"{self._address}/ping", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def score(self, payload: Any) -> Answer:
        """Send one payload to /invocations; raises Unreachable when no answer comes."""
        started = time.perf_counter()
        try:
            answer = self._session.post(
                f"{self._address}/invocations", json=payload, timeout=self._timeout, headers={"x-greenramp-probe": "1"}
            )
        except requests.RequestException as error:
            raise Unreachable(f"{self._address} does not answer: {error}") from error
        return Answer(
            status=answer.status_code,
            text=answer.text,
            ms=(time.perf_counter() - started) * 1000,
            version=answer.headers.get("x-model-version", ""),
            environment=answer.headers.get("x-environment", ""),
        )
