"""A closed loop of connections that costs little itself: each sends the same request again once it is answered."""

from __future__ import annotations

import selectors
import socket
import time


def closed_loop(port: int, body: bytes, connections: int, seconds: float) -> list[float]:
    """Load a server on this machine for some seconds; return how long each answer took, in seconds.

    Raises SystemExit when an answer is not 200.
    """
    head = f"POST /invocations HTTP/1.1\r\nhost: model\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    request = f"{head}\r\n\r\n".encode() + body
    ready = selectors.DefaultSelector()
    sent: dict[socket.socket, float] = {}
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ready.register(connection, selectors.EVENT_READ)
        sent[connection] = time.perf_counter()
        connection.sendall(request)
    times: list[float] = []
    until = time.perf_counter() + seconds
    while sent:
        for key, _ in ready.select():
            connection = key.fileobj  # type: ignore[assignment]
            _read_answer(connection)
            now = time.perf_counter()
            times.append(now - sent.pop(connection))
            if now < until:
                sent[connection] = now
                connection.sendall(request)
            else:
                connection.close()
    ready.close()
    return times


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(65_536)
    while b"\r\n\r\n" not in answer:
        answer += _more(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    if lines[0].split()[1] != b"200":
        raise SystemExit(f"a request was not answered with 200: {answer[:300]!r}")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
    while len(body) < length:
        body += _more(connection)


def _more(connection: socket.socket) -> bytes:
    if not (chunk := connection.recv(65_536)):
        raise SystemExit("the server closed a connection")
    return chunk
