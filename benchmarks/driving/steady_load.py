"""Users at a steady rate: each request goes out when it is due, whatever became of those before it."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

BODY = b"x" * 1024

_PATIENCE_SECONDS = 20.0
_WRONG = (OSError, ValueError, LookupError, EOFError, asyncio.LimitOverrunError)

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sent(NamedTuple):
    """One request. at, ended: epoch seconds at which it was sent, and had its answer or failed.

    status: 0 without an answer; `wrong` then says why. name, version: of the server that answered.
    """

    at: float
    ended: float
    user: str
    status: int
    name: str
    version: str
    wrong: str

    @property
    def failed(self) -> bool:
        """Whether the user did not get what he came for."""
        return self.status != 200


class Users:
    """Requests to one path over connections that are kept as long as the other end keeps them; none is tried twice.

    bodies: sent in turn.
    """

    def __init__(self, port: int, path: str, bodies: Sequence[bytes] = (BODY,)) -> None:
        self.sent: list[Sent] = []
        self.closed = 0
        """Connections that the other end closed behind an answer."""
        self._port, self._path, self._bodies = port, path, itertools.cycle(bodies)
        self._idle: list[Connection] = []

    async def ask(self, user: str) -> None:
        """Send one request and write down what became of it."""
        at, connection = time.time(), None
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                connection = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
                at = time.time()
                status, told = await self._exchange(connection, user)
        except _WRONG as error:
            self.sent.append(Sent(at, time.time(), user, 0, "", "", repr(error)))
            if connection:
                connection[1].close()
            return
        name, version = told.get("x-environment", ""), told.get("x-model-version", "")
        self.sent.append(Sent(at, time.time(), user, status, name, version, ""))
        if told.get("connection") == "close":
            self.closed += 1
            connection[1].close()
        else:
            self._idle.append(connection)

    async def _exchange(self, connection: Connection, user: str) -> tuple[int, dict[str, str]]:
        reader, writer = connection
        body, who = next(self._bodies), f"x-user-id: {user}\r\ncookie: rid={user}"
        what = f"content-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(f"POST {self._path} HTTP/1.1\r\nhost: bench\r\n{who}\r\n{what}\r\n\r\n".encode() + body)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().rstrip().split("\r\n")
        told = dict(line.split(": ", 1) for line in lines if ": " in line)
        await reader.readexactly(int(told["content-length"]))
        return int(first.split()[1]), told

    def close(self) -> None:
        """Close what is open."""
        for _, writer in self._idle:
            writer.close()


class SteadyLoad:
    """While the body of `with` runs, `rate` requests go out every second; `sent` grows while it does."""

    def __init__(self, port: int, path: str, rate: float, users: int = 500, bodies: Sequence[bytes] = (BODY,)) -> None:
        self._users, self._rate, self._names = Users(port, path, bodies), rate, [f"user-{n}" for n in range(users)]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")
        self.seconds = 0.0

    @property
    def sent(self) -> list[Sent]:
        """All requests that have ended, in the order of their ends."""
        return self._users.sent

    @property
    def failed(self) -> list[Sent]:
        """Those of them that failed."""
        return [sent for sent in list(self.sent) if sent.failed]

    @property
    def closed(self) -> int:
        """Connections that the other end closed behind an answer."""
        return self._users.closed

    @property
    def rate(self) -> float:
        """Requests per second that went out in the end."""
        return len(self.sent) / self.seconds

    def last_to(self, name: str) -> float:
        """When the last request was sent that this server answered; 0 for none."""
        return max((sent.at for sent in list(self.sent) if sent.name == name), default=0.0)

    async def _run(self) -> None:
        began, open_ones = time.monotonic(), set()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, began + number / self._rate - time.monotonic()))
            if self._ended.is_set():
                break
            task = asyncio.create_task(self._users.ask(self._names[number % len(self._names)]))
            open_ones.add(task)
            task.add_done_callback(open_ones.discard)
        self.seconds = time.monotonic() - began
        await asyncio.gather(*open_ones)
        self._users.close()

    def __enter__(self) -> SteadyLoad:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def ask_once_each(port: int, path: str, users: Iterable[str], at_a_time: int = 8) -> Sequence[Sent]:
    """One request for each user, as fast as they are answered."""
    asking, names = Users(port, path, (b"",)), iter(users)

    async def client() -> None:
        for name in names:
            await asking.ask(name)

    async def all_of_them() -> None:
        await asyncio.gather(*(client() for _ in range(at_a_time)))
        asking.close()

    asyncio.run(all_of_them())
    return asking.sent
