"""supervisord over its unix socket: which programs run, start, stop, take on new ones."""

from __future__ import annotations

import re
import shlex
import time
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import Faults, SupervisorTransport

from greenramp.errors import ConfigError, NotConfirmed, Unreachable


@dataclass(frozen=True)
class Process:
    """One supervised process. state: supervisord's word (RUNNING, STARTING, EXITED, FATAL, ...)."""

    name: str
    group: str
    state: str
    pid: int
    exit_status: int
    log: Path
    error: str

    @property
    def alive(self) -> bool:
        """Whether the process is there, ready or not."""
        return self.state in ("RUNNING", "STARTING", "STOPPING")


@dataclass(frozen=True)
class Program:
    """A program as supervisord should run it.

    command: list of words. restart: after which exits it is started again (`true`, `unexpected`, `false`);
    exits with one of `final_exits` are expected. stop_seconds: from SIGTERM to SIGKILL.
    """

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    restart: str = "true"
    final_exits: Sequence[int] = (0,)
    start_retries: int = 3
    stop_seconds: float = 10
    autostart: bool = True

    def section(self) -> str:
        """This program as a section of supervisord's configuration."""
        lines = [
            f"[program:{self.name}]",
            f"command={_escape(shlex.join(self.command))}",
            f"autostart={str(self.autostart).lower()}",
            f"autorestart={self.restart}",
            f"exitcodes={','.join(map(str, self.final_exits))}",
            "startsecs=1",
            f"startretries={self.start_retries}",
            f"stopwaitsecs={self.stop_seconds:g}",
            "stopasgroup=true",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={_escape(str(self.log))}",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=2",
        ]
        if self.folder:
            lines.append(f"directory={_escape(str(self.folder))}")
        if self.environment:
            pairs = (f"{name}={_quote(value)}" for name, value in sorted(self.environment.items()))
            lines.append(f"environment={','.join(pairs)}")
        return "\n".join(lines) + "\n"


class Supervisor:
    """The supervisord of one site."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def running(self) -> bool:
        """Whether supervisord answers."""
        try:
            with self._rpc() as rpc:
                return bool(rpc.getState()["statename"] == "RUNNING")
        except Unreachable:
            return False

    def processes(self) -> tuple[Process, ...]:
        """All supervised processes."""
        with self._rpc() as rpc:
            return tuple(
                Process(
                    name=p["name"],
                    group=p["group"],
                    state=p["statename"],
                    pid=p["pid"],
                    exit_status=p["exitstatus"],
                    log=Path(p["stdout_logfile"]),
                    error=p["spawnerr"],
                )
                for p in rpc.getAllProcessInfo()
            )

    def group(self, group: str) -> tuple[Process, ...]:
        """The processes of one group; empty when there is no such group."""
        return tuple(p for p in self.processes() if p.group == group)

    def ensure_started(self, name: str) -> None:
        """Start a program that is not running; its readiness is for the caller to see."""
        with self._rpc() as rpc, _fine_if(Faults.ALREADY_STARTED, Faults.SPAWN_ERROR, Faults.ABNORMAL_TERMINATION):
            rpc.startProcess(name, False)

    def ensure_stopped(self, name: str) -> None:
        """Stop a program; one that does not run is fine."""
        with self._rpc() as rpc, _fine_if(Faults.NOT_RUNNING, Faults.BAD_NAME):
            rpc.stopProcess(name, True)

    def ensure_group(self, group: str) -> None:
        """Take a group on from the configuration files, anew if it has changed, and start it."""
        with self._rpc() as rpc:
            added, changed, _ = rpc.reloadConfig()[0]
            if group in changed:
                self._drop(rpc, group)
            if group in added or group in changed:
                with _fine_if(Faults.ALREADY_ADDED):
                    rpc.addProcessGroup(group)
        if not self.group(group):
            raise NotConfirmed(f"supervisord did not take on {group}")

    def remove_group(self, group: str) -> None:
        """Stop a group whose file is gone and forget it; what is already gone is fine."""
        with self._rpc() as rpc:
            rpc.reloadConfig()
            self._drop(rpc, group)

    def shutdown(self) -> None:
        """Stop all programs, then supervisord itself."""
        with self._rpc() as rpc:
            rpc.shutdown()

    @staticmethod
    def _drop(rpc: Any, group: str) -> None:
        with _fine_if(Faults.BAD_NAME, Faults.NOT_RUNNING):
            rpc.stopProcessGroup(group, True)
        deadline = time.monotonic() + 5
        while True:
            try:
                rpc.removeProcessGroup(group)
                return
            except xmlrpc.client.Fault as fault:
                if fault.faultCode == Faults.BAD_NAME:
                    return
                if fault.faultCode != Faults.STILL_RUNNING or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    @contextmanager
    def _rpc(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, serverurl=f"unix://{self._socket}")
        try:
            yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport).supervisor
        except (OSError, HTTPException, xmlrpc.client.ProtocolError) as error:
            raise Unreachable(f"supervisord does not answer at {self._socket}: {error}") from error
        except xmlrpc.client.Fault as fault:
            raise NotConfirmed(f"supervisord: {fault.faultString}") from fault
        finally:
            transport.close()


@contextmanager
def _fine_if(*codes: int) -> Iterator[None]:
    try:
        yield
    except xmlrpc.client.Fault as fault:
        if fault.faultCode not in codes:
            raise NotConfirmed(f"supervisord: {fault.faultString}") from fault


def _escape(text: str) -> str:
    if re.search(r"[\r\n]|\s[;#]", text):  # supervisord would end the value there, and say nothing
        raise ConfigError(f"supervisord's files can't hold {text!r}: no line ends, and no ; or # behind a space")
    return text.replace("%", "%%")


def _quote(value: str) -> str:
    """A value in quotes; supervisord knows no escapes within them, and takes quotes off both ends."""
    mark = "'" if '"' in value else '"'
    if mark in value or value.strip("'\"") != value:
        raise ConfigError(f"supervisord's files can't hold {value!r}: its quotes can't be written down")
    return mark + _escape(value) + mark
