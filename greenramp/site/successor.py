"""Runs a program in the place of one that was killed: what that one has left running is ended first.

MLflow's server is a parent with a child that listens. With only the parent killed, as the kernel does when memory is
short, the child would keep the port, and each new server would find it taken and give up.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from greenramp.home import Home
from greenramp.site.settings import HOME_VARIABLE, this_home

_NAME_VARIABLE = "SUPERVISOR_PROCESS_NAME"
_END_SECONDS = 5.0


def end_predecessors(home: Home, name: str) -> list[int]:
    """End the processes of this site that supervisord, or what it started, once began under this name; their ids."""
    found = [process for process in psutil.process_iter() if _is_left(process, home, name)]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=_END_SECONDS)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_END_SECONDS)
    return [process.pid for process in found]


def _is_left(process: psutil.Process, home: Home, name: str) -> bool:
    with suppress(psutil.Error, OSError):
        around = process.environ()
        same = around.get(_NAME_VARIABLE) == name and Path(around.get(HOME_VARIABLE, "")) == home.root
        return same and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
    return False


def main() -> None:
    """Become the program whose command line follows."""
    if left := end_predecessors(this_home(), os.environ.get(_NAME_VARIABLE, "")):
        sys.stdout.write(f"ended what the one before had left running: {', '.join(map(str, left))}\n")
        sys.stdout.flush()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606  (no shell; the command line is ours)


if __name__ == "__main__":
    main()
