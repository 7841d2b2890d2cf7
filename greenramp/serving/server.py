"""Serves an application on a listening socket until a signal, then finishes what is in flight."""

import signal
import socket

import uvicorn

from greenramp.serving.app import ServingApp
from greenramp.serving.listening import BACKLOG

KEEP_ALIVE_SECONDS = 75  # longer than any proxy in front keeps an idle connection: it must be the one that closes


def serve(app: ServingApp, listening: socket.socket, drain_seconds: int) -> None:
    """Serve until SIGTERM or SIGINT; return when all requests are answered, or after `drain_seconds`."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=drain_seconds,
    )
    server = uvicorn.Server(config)

    def stop(_signal: int, _frame: object) -> None:
        server.should_exit = True

    # uvicorn has handlers of its own while it serves; afterwards it raises the signal again for the ones from before,
    # and by default that ends the process with another exit code than 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    app.is_draining = lambda: server.should_exit
    server.run(sockets=[listening])
