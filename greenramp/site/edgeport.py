"""Who listens on the router's port, and who should not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psutil

from greenramp.site.settings import SiteSettings
from greenramp.site.slots import SLOTS, slot_program

_LISTEN = "0A"
"""The kernel's word for a listening socket in /proc/net/tcp."""


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


def count_listening(port: int) -> int:
    """How many sockets listen on an IPv4 port; cheap, for looking often."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[3] == _LISTEN and int(row[1].rpartition(":")[2], 16) == port for row in rows)


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
