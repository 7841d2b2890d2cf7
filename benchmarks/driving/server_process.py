"""A small server as a process of its own, which can be killed, stopped and started again on its port."""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys


class ServerProcess:
    """Answers /ping at once and everything else after `pause` seconds, with its name and its version."""

    def __init__(self, name: str, version: str = "7", pause: float = 0.0) -> None:
        self.name, self.version, self.pause = name, version, pause
        self.server_address = ("127.0.0.1", 0)
        self.start()

    def start(self) -> None:
        """Start, on the port it had before if there was one."""
        arguments = [self.name, self.version, str(self.pause), str(self.server_address[1])]
        self._process = subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True)
        with self._process.stdout as said:
            self.server_address = ("127.0.0.1", int(said.readline()))

    def kill(self) -> None:
        """End it as `kill -9` does. Safe to repeat."""
        self._process.kill()
        self._process.wait()


class _Answering(asyncio.Protocol):
    def __init__(self, name: str, version: str, pause: float) -> None:
        told = f"x-environment: {name}\r\nx-model-version: {version}\r\n"
        self._answer = f"HTTP/1.1 200 OK\r\n{told}content-length: 2\r\n\r\nok".encode()
        self._pause, self._seen = pause, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end].lower()
            _, found, rest = head.partition(b"content-length:")
            whole = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._seen) < whole:
                return
            self._seen = self._seen[whole:]
            if self._pause and b" /ping " not in head:
                asyncio.get_running_loop().call_later(self._pause, self._say)
            else:
                self._say()

    def _say(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(self._answer)


async def _serve() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("version")
    parser.add_argument("pause", type=float)
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Answering(given.name, given.version, given.pause), "127.0.0.1", given.port, backlog=1024
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
