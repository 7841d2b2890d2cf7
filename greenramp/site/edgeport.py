"""Who listens on the router's port, and who should not."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

from greenramp.site.settings import SiteSettings
from greenramp.site.slots import SLOTS, slot_program

ADDRESS = "127.0.0.1"
"""Where the router listens."""

_ACCEPT_SECONDS = 2.0


@dataclass(frozen=True)
class Listener:
    """A process that listens on a port. pid: None when it is another user's."""

    pid: int | None

    def __str__(self) -> str:
        if self.pid is None:
            return "a program of another user"
        try:
            return f"{psutil.Process(self.pid).name()} (pid {self.pid})"
        except psutil.Error:
            return f"a program that has just ended (pid {self.pid})"


def who_accepts(port: int, pids: Sequence[int]) -> int | None:
    """Which of these processes takes a new connection to the port, as one made now shows; None when none does."""
    try:
        with socket.create_connection((ADDRESS, port), timeout=_ACCEPT_SECONDS) as mine:
            deadline = time.monotonic() + _ACCEPT_SECONDS
            while time.monotonic() < deadline:
                for pid in pids:
                    if _holds(pid, mine.getsockname()):
                        return pid
                time.sleep(0.002)
    except OSError:
        pass
    return None


def _holds(pid: int, client: tuple[str, int]) -> bool:
    """Whether a process has accepted the connection of this client."""
    with suppress(psutil.Error):
        return any(c.raddr and tuple(c.raddr) == client for c in psutil.Process(pid).net_connections("tcp4"))
    return False


def listeners(port: int) -> tuple[Listener, ...]:
    """Every process that listens on a port, at whatever address."""
    listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN)
    pids = {c.pid for c in listening if c.laddr and c.laddr.port == port}
    return tuple(Listener(pid) for pid in sorted(pids, key=lambda pid: pid or 0))


def foreign_listeners(site: SiteSettings) -> list[str]:
    """Name and pid of each process that listens on the router's port and is none of this site's two slots.

    It would answer users in the router's place, a stale Envoy with shares of long ago.
    """
    supervisord = _supervisor_pid(site)
    return [str(one) for one in listeners(site.router_port) if not _is_slot(one.pid, supervisord)]


def _is_slot(pid: int | None, supervisord: int | None) -> bool:
    """Whether a process is, or belongs to, an Envoy that our supervisord runs: an Envoy it has lost is not."""
    if pid is None or supervisord is None:
        return False
    try:
        leader = psutil.Process(os.getpgid(pid))  # supervisord gives each program a process group
        name = leader.environ().get("SUPERVISOR_PROCESS_NAME")
        return leader.ppid() == supervisord and name in {slot_program(slot) for slot in SLOTS}
    except (psutil.Error, OSError):
        return False


def _supervisor_pid(site: SiteSettings) -> int | None:
    try:
        return int(site.home.supervisor_pid.read_text().strip())
    except (OSError, ValueError):
        return None
