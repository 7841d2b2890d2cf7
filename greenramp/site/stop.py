"""`greenramp down`: stop everything the site started, and see that nothing is left."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import psutil

from greenramp.clients.envoy.router import Router
from greenramp.clients.supervisor import Supervisor
from greenramp.errors import NotConfirmed, ReleaseUnderWay, Unreachable
from greenramp.home import Home
from greenramp.site.settings import HOME_VARIABLE
from greenramp.site.slots import SLOTS

_STOP_SECONDS = 90


def stop(home: Home, force: bool) -> bool:
    """Stop the site; returns whether anything ran. Raises ReleaseUnderWay unless told to stop all the same.

    State stays on disk: the next `greenramp up` comes back with the same traffic.
    """
    held = [r for r in Router(home).read_all().values() if r.held(time.time())]
    if held and not force and Supervisor(home.supervisor_socket).running():
        what = "; ".join(f"{r.service}: {r.owner} ({r.step})" for r in held)
        raise ReleaseUnderWay(f"a release is under way ({what}); wait for it, or stop all the same with --force")
    return end_processes(home)


def end_processes(home: Home) -> bool:
    """End supervisord and every process of this site; returns whether there was any."""
    supervisor = Supervisor(home.supervisor_socket)
    pid = _supervisor_pid(home)
    ran = False
    with suppress(Unreachable):
        supervisor.shutdown()
        ran = True
    if pid:
        _await_end(pid)
    leftover = _processes_of(home)
    for process in leftover:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(leftover, timeout=20)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=5)
    if left := _processes_of(home):
        raise NotConfirmed(f"processes of the site are still there: {', '.join(str(p.pid) for p in left)}")
    slots = [home.slot_admin_socket(slot) for slot in SLOTS]
    for path in (home.supervisor_socket, home.admin_socket, *slots, home.supervisor_pid):
        path.unlink(missing_ok=True)
    return ran or bool(leftover)


def _supervisor_pid(home: Home) -> int | None:
    try:
        return int(home.supervisor_pid.read_text().strip())
    except (OSError, ValueError):
        return None


def _await_end(pid: int) -> None:
    with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process = psutil.Process(pid)
        if any("supervisord" in word for word in process.cmdline()):  # the number may be another program's by now
            process.wait(timeout=_STOP_SECONDS)


def _processes_of(home: Home) -> list[psutil.Process]:
    """Processes the site started, by the home in their environment; a flow run leaves its worker's group."""
    mine = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid in mine or process.status() == psutil.STATUS_ZOMBIE:
                continue
            around = process.environ()
            if around.get("SUPERVISOR_ENABLED") and Path(around.get(HOME_VARIABLE, "")) == home.root:
                found.append(process)
    return found
