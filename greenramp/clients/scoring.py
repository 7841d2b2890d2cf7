"""An environment's own address: is it ready, and what does it answer."""

from __future__ import annotations

import time
from typing import Any

import requests

from greenramp.errors import Unreachable
from greenramp.smoke.answer import Answer, Body

SHADOW_HEADER = "x-greenramp-shadow"
"""On every request whose answer reaches no user: copies of users' requests, replays, and what is sent from here."""


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
        return self.send(Body.of(payload))

    def send(self, body: Body) -> Answer:
        """Send a body as it is; raises Unreachable when no answer comes."""
        headers = {"content-type": body.content_type, SHADOW_HEADER: "1"}
        started = time.perf_counter()
        try:
            answer = self._session.post(
                f"{self._address}/invocations", data=body.content, timeout=self._timeout, headers=headers
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
