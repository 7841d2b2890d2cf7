"""Sends recorded requests to both versions at a steady rate, marked so that nothing counts them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import requests

from greenramp.clients.scoring import SHADOW_HEADER
from greenramp.clients.shadowlogs import REPLAYED

_AT_ONCE = 8


class Replaying:
    """While the block runs each payload goes to one process of each side, over and over, with ids of this release.

    addresses: (host, port) of the processes of either side.
    """

    def __init__(
        self,
        release: str,
        payloads: Sequence[Any],
        addresses: Sequence[Sequence[tuple[str, int]]],
        per_second: float,
        timeout_seconds: float,
    ) -> None:
        self._release, self._payloads, self._addresses = release, payloads, addresses
        self._pause, self._timeout = 1 / per_second, timeout_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="replay", daemon=True)
        self._sessions = threading.local()
        self.sent = 0

    def __enter__(self) -> Self:
        if self._payloads:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        began, number = time.monotonic(), 0
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while not self._ended.wait(max(0.0, began + number * self._pause - time.monotonic())):
                payload = json.dumps(self._payloads[number % len(self._payloads)])
                asked = [pool.submit(self._send, side, number, payload) for side in self._addresses]
                if number % _AT_ONCE == 0:  # no faster than the slower side answers
                    for one in asked:
                        one.result()
                number += 1
                self.sent = number

    def _send(self, addresses: Sequence[tuple[str, int]], number: int, payload: str) -> None:
        host, port = addresses[number % len(addresses)]
        headers = {
            "content-type": "application/json",
            "x-request-id": f"{REPLAYED}{self._release}.{number}",
            SHADOW_HEADER: "1",
        }
        if not hasattr(self._sessions, "http"):
            self._sessions.http = requests.Session()
        with suppress(requests.RequestException):  # what is not answered stays without a pair, and that is judged
            self._sessions.http.post(
                f"http://{host}:{port}/invocations", data=payload, headers=headers, timeout=self._timeout
            )
