"""Takes the port in two steps, so that nobody can connect before the model is loaded."""

import socket

BACKLOG = 2048


def reserve(host: str, port: int) -> socket.socket:
    """Bind the port without listening: nobody can connect before the model is loaded. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a restart waits for old connections to expire
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def open_for_requests(bound: socket.socket) -> None:
    """Let clients connect. Raises OSError when another process that bound the same port listens already."""
    bound.listen(BACKLOG)
