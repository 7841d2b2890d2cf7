"""Counters of the users' requests, given as Prometheus gives them, by a server that can go away and come back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Metrics:
    """One server on loopback; its port stays the same."""

    def __init__(self) -> None:
        self.answered: Mapping[str, int] = {}
        """Requests by side, so far; failed ones are none."""
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.begin()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._port}"

    def begin(self) -> None:
        """Answer from now on. Safe to repeat."""
        if self._server is None:
            metrics = self

            class Handler(_Handler):
                def counters(self) -> Mapping[str, int]:
                    return metrics.answered

            self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
            self._port = self._server.server_port
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        """Refuse every connection from now on. Safe to repeat."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Handler(BaseHTTPRequestHandler):
    """Answers /api/v1/query for drill_requests and drill_failed, whichever way it is asked."""

    def counters(self) -> Mapping[str, int]:
        """Requests by side."""
        raise NotImplementedError

    def do_GET(self) -> None:
        """Answer."""
        self._answer(urlsplit(self.path).query)

    def do_POST(self) -> None:
        """Answer."""
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))).decode())

    def _answer(self, asked: str) -> None:
        failed = "failed" in parse_qs(asked).get("query", [""])[0]
        rows = [
            {"metric": {"environment": side}, "value": [time.time(), "0" if failed else str(count)]}
            for side, count in dict(self.counters()).items()
        ]
        body = json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
