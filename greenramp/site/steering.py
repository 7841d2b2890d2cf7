"""Which of the Envoys that listen on one port gets the new connections: a rule in the kernel says it, for all of them.

Sockets that listen on one port with SO_REUSEPORT form a group, in the order in which they began; when one closes, the
last takes its place. Without a rule the kernel shares new connections among them, and what waits unaccepted at a
socket that closes is reset. Our rule is a program of one instruction: take number 0, or number 1. Where there is no
such number, the kernel takes what there is. So with the rule 0 the elder of two gets all new connections, and when it
dies the younger one does at once; who joins then is the younger again. The rule lives as long as the group.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Literal

_SO_ATTACH_FILTER = 26
_SO_ATTACH_REUSEPORT_CBPF = 51
"""Python's socket module has no names for them; the second is in Linux since 4.6."""

ELDER: Literal[0] = 0
YOUNGER: Literal[1] = 1


def choose(address: str, port: int, number: Literal[0, 1]) -> bool:
    """Let the elder or the younger of two that listen get all new connections; False where the kernel can't.

    Only a member can set the rule: a socket joins as the last, and leaves. A connection that comes to it in between
    is not answered, so the client's kernel asks once more, a second later, and meets an Envoy.
    """
    with _member() as member:
        try:
            _attach(member, _SO_ATTACH_FILTER, 0)
            member.bind((address, port))
            member.listen()
            _attach(member, _SO_ATTACH_REUSEPORT_CBPF, number)
        except OSError:
            return False
    return True


def can_steer() -> bool:
    """Whether this kernel knows such rules."""
    with _member() as member:
        try:
            _attach(member, _SO_ATTACH_FILTER, 0)
            _attach(member, _SO_ATTACH_REUSEPORT_CBPF, ELDER)
        except OSError:
            return False
    return True


def _member() -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return made


def _attach(member: socket.socket, option: int, value: int) -> None:
    """Give a socket a program that returns `value`: for a filter, how many bytes of a packet are let through."""
    code = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, value))
    member.setsockopt(socket.SOL_SOCKET, option, struct.pack("HP", 1, ctypes.addressof(code)))
