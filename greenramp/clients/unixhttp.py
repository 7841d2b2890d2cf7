"""HTTP over a unix socket, with the standard library."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from greenramp.errors import Unreachable


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def request(socket_path: Path, method: str, target: str, timeout: float = 2.0) -> bytes:
    """Body of the answer; raises Unreachable when nobody listens or the answer is not 2xx."""
    connection = _Connection(socket_path, timeout)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"nothing answers at {socket_path}: {error}") from error
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        raise Unreachable(f"{method} {target} at {socket_path}: {answer.status} {body[:200]!r}")
    return body
