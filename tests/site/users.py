"""Users at a steady rate until SIGTERM, then what they saw, as JSON. Run by path, not imported.

Half of them keep a connection as long as the router does, half open one for every request; they take turns with GET
and POST. Nothing is tried twice: each lost request is told, with the second at which it was sent.
"""

import asyncio
import json
import signal
import sys
import time

CLIENTS = 16
BODY = b"x" * 1024


class User:
    """One client; `answers` holds (when, which side), `failures` (when, what went wrong)."""

    def __init__(self, port: int, number: int, keep: bool) -> None:
        self.port, self.number, self.keep = port, number, keep
        self.answers: list[tuple[float, str]] = []
        self.failures: list[tuple[float, str]] = []
        self.connections = 0
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, turn: int) -> None:
        now = time.time()
        try:
            async with asyncio.timeout(20):
                self.answers.append((now, await self._ask(turn)))
        except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.failures.append((now, repr(error)))
            self._drop()

    async def _ask(self, turn: int) -> str:
        if self._pair is None:
            self._pair = await asyncio.open_connection("127.0.0.1", self.port)
            self.connections += 1
        reader, writer = self._pair
        post = turn % 2
        lines = [f"{'POST' if post else 'GET'} /fraud/invocations HTTP/1.1", "host: router", f"x-user-id: {turn}"]
        lines += [f"content-length: {len(BODY)}"] * post + ["connection: close"] * (not self.keep)
        writer.write("\r\n".join([*lines, "", ""]).encode() + BODY * post)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        text = (await reader.readexactly(int(fields["content-length"]))).decode()
        if head[0].split()[1] != "200" or text.split()[1] != str(len(BODY) * post):
            raise ValueError(f"{head[0]}: {text}")
        if not self.keep or fields.get("connection") == "close":
            self._drop()
        return text.split()[0]

    def _drop(self) -> None:
        if self._pair:
            self._pair[1].close()
        self._pair = None


async def main() -> None:
    port, rate = int(sys.argv[1]), float(sys.argv[2])
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    users = [User(port, n, keep=n % 2 == 0) for n in range(CLIENTS)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    started = time.monotonic()

    async def live(user: User) -> None:
        turn = user.number
        while not ended.is_set():
            await user.ask(turn // CLIENTS + user.number)
            turn += CLIENTS
            await asyncio.sleep(max(0.0, started + turn / rate - time.monotonic()))

    await asyncio.gather(*map(live, users))
    seen = {
        "seconds": time.monotonic() - started,
        "answers": sorted(answer for user in users for answer in user.answers),
        "failures": sorted(failure for user in users for failure in user.failures),
        "connections": sum(user.connections for user in users),
        "kept": sum(user.connections for user in users if user.keep),
    }
    sys.stdout.write(json.dumps(seen) + "\n")


asyncio.run(main())
