"""The site's processes: who is who, and who is left over."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from greenramp.clients.supervisor import Supervisor
from greenramp.errors import NotConfirmed
from greenramp.home import Home
from greenramp.site.drill.service import SERVICE
from greenramp.site.settings import HOME_VARIABLE
from greenramp.traffic.split import Side

_RUN_VARIABLE = "PREFECT__FLOW_RUN_ID"


def of_site(home: Home) -> list[psutil.Process]:
    """supervisord, and every process that descends or descended from it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            around = process.environ()
            mine = Path(around.get(HOME_VARIABLE, "")) == home.root and process.status() != psutil.STATUS_ZOMBIE
            if mine and ("SUPERVISOR_ENABLED" in around or process.pid == _supervisor(home)):
                found.append(process)
    return found


def of_run(home: Home, run: str) -> list[psutil.Process]:
    """The process that carries out a flow run; none before its start and after its end."""
    found = []
    for process in of_site(home):
        with suppress(psutil.Error, OSError):
            if process.environ().get(_RUN_VARIABLE) == run and "prefect" in " ".join(process.cmdline()):
                found.append(process)
    return found


def of_program(home: Home, name: str) -> list[psutil.Process]:
    """A program that supervisord runs; raises NotConfirmed when it does not."""
    running = [p.pid for p in Supervisor(home.supervisor_socket).group(name) if p.pid]
    if not running:
        raise NotConfirmed(f"{name} does not run, so it can't be killed")
    return [psutil.Process(pid) for pid in running]


def of_side(home: Home, side: Side) -> list[psutil.Process]:
    """The processes that serve one side of the drill's service."""
    return of_program(home, f"{SERVICE}.{side.value}")


def left_over(home: Home, run: str, live: Side | None) -> tuple[str, ...]:
    """Processes that should be gone: nobody supervises them, or they serve what has no traffic, or a run that ended."""
    found, head = [], _supervisor(home)
    for process in of_site(home):
        with suppress(psutil.Error, OSError):
            words = process.cmdline()
            serves = "--service" in words and words[words.index("--service") + 1] == SERVICE
            idle = serves and words[words.index("--environment") + 1] != (live.value if live else "")
            lost = process.pid != head and head not in (parent.pid for parent in process.parents())
            late = process.environ().get(_RUN_VARIABLE) == run
            why = "serves without traffic" if idle else "unsupervised" if lost else "its run has ended" if late else ""
            if why and process.pid != os.getpid():
                found.append(f"{process.pid} {' '.join(words)[:80]} ({why})")
    return tuple(found)


def kill(processes: Sequence[psutil.Process]) -> float:
    """SIGKILL to all of them; none may notice that another one has gone. Returns when the last of them stood still."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    at = time.time()
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(list(processes), timeout=10)
    return at


def _supervisor(home: Home) -> int:
    try:
        return int(home.supervisor_pid.read_text())
    except (OSError, ValueError):
        return 0
