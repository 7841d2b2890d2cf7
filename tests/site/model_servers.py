"""Two tiny servers, blue and green, as one process; prints their ports. Run by path, not imported."""

import asyncio
import json
import sys

PAUSE_SECONDS = 0.005


def answering(name: str):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next((int(h.split(":")[1]) for h in head.split("\r\n") if h.startswith("content-length")), 0)
                body = await reader.readexactly(length)
                if "/ping" not in head.split("\r\n")[0]:
                    await asyncio.sleep(PAUSE_SECONDS)
                text = f"{name} {len(body)}".encode()
                writer.write(b"HTTP/1.1 200 OK\r\nx-environment: %b\r\nx-model-version: 7\r\n" % name.encode())
                writer.write(b"content-length: %d\r\n\r\n%b" % (len(text), text))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    return serve


async def main() -> None:
    servers = [await asyncio.start_server(answering(name), "127.0.0.1", 0) for name in ("blue", "green")]
    sys.stdout.write(json.dumps([server.sockets[0].getsockname()[1] for server in servers]) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main())
