"""New connections go to the Envoy that listens last, so that the one before can end without losing any.

Sockets that listen on one port with SO_REUSEPORT form a group, in the order in which they began. Without a rule the
kernel shares new connections among them, and what waits unaccepted at a socket that closes is reset. Our rule is a
program of one instruction: take number 1, counted from 0. With two sockets that is the newer one; with a single one
there is no number 1, and the kernel takes what there is. The rule lives as long as the group, through all restarts,
and depends on no process.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import time

from greenramp.site.edgeport import count_listening

_SO_ATTACH_REUSEPORT_CBPF = 51
"""Python's socket module has no name for it; Linux since 4.6."""

_RETURN_1 = struct.pack("HBBI", 0x06, 0, 0, 1)
_START_SECONDS = 60


def ensure_newest_is_chosen(address: str, port: int) -> bool:
    """Begin the port's group with the rule, for an Envoy that this process is about to become.

    A group begins with its first socket: a small process of its own holds one, which is never chosen once Envoy
    listens, and then lets it go. Returns False when the kernel knows no such rules; then a planned restart may reset
    a connection now and then.
    """
    with socket.socket() as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        code = ctypes.create_string_buffer(_RETURN_1)
        try:
            first.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, struct.pack("HP", 1, ctypes.addressof(code)))
        except OSError:
            return False
        first.bind((address, port))
        first.listen()
        envoy = os.getpid()
        if (between := os.fork()) == 0:
            if os.fork() == 0:  # a grandchild is nobody's to wait for: Envoy would not
                _hold_until_envoy_listens(port, envoy)
            os._exit(0)
        os.waitpid(between, 0)
    return True


def _hold_until_envoy_listens(port: int, envoy: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    try:
        while count_listening(port) < 2 and time.monotonic() < deadline:
            os.kill(envoy, 0)
            time.sleep(0.01)
    finally:
        os._exit(0)
