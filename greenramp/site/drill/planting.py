"""Plants a fault: real signals to real processes, a server that goes away, a process whose files can't grow."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from greenramp.drill.faults import Fault
from greenramp.errors import NotConfirmed
from greenramp.site.drill.metrics import Metrics
from greenramp.site.drill.processes import kill, of_program, of_run, of_side, of_site
from greenramp.site.programs import GUARD, MLFLOW, PREFECT, WORKER
from greenramp.site.settings import SiteSettings
from greenramp.site.slots import FIRST_SLOT, read_active_slot, slot_program
from greenramp.site.start import start
from greenramp.traffic.split import Side

_PROGRAMS = {
    Fault.KILL_WORKER: WORKER,
    Fault.KILL_PREFECT: PREFECT,
    Fault.KILL_MLFLOW: MLFLOW,
    Fault.KILL_GUARD: GUARD,
}

_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Target:
    """What a fault is planted in. idle: the side that does not serve. recovery: the process of a recovery, if that is
    what works on the service now.
    """

    site: SiteSettings
    run: str
    live: Side
    idle: Side
    metrics: Metrics
    recovery: psutil.Process | None = None

    def at_work(self) -> list[psutil.Process]:
        """The process that carries the release out, or puts it right; raises NotConfirmed when there is none."""
        if self.recovery is not None:
            return [self.recovery]
        if found := of_run(self.site.home, self.run):
            return found
        raise NotConfirmed(f"run {self.run} has no process, so the fault can't be planted")


@dataclass(frozen=True)
class Planted:
    """A fault that has been planted. end: takes away what would not end by itself; None when nothing would."""

    at: float
    end: Callable[[], None] | None = None


def plant(fault: Fault, target: Target) -> Planted:
    """Do it now. Raises NotConfirmed when what should be struck is not there."""
    site, home = target.site, target.site.home
    at = time.time()
    if fault in _PROGRAMS:
        kill(of_program(home, _PROGRAMS[fault]))
    elif fault is Fault.KILL_ENVOY:
        kill(of_program(home, slot_program(read_active_slot(home) or FIRST_SLOT)))
    elif fault is Fault.KILL_FLOW:
        kill(target.at_work())
    elif fault is Fault.KILL_CANDIDATE:
        kill(_serving(target, target.idle))
    elif fault is Fault.KILL_LIVE:
        one, *others = of_side(home, target.live)
        if not others:
            raise NotConfirmed("one process alone serves, so users would have nobody to answer them")
        kill([one])
    elif fault is Fault.KILL_ALL:
        at = kill(of_site(home))  # finding them all takes a while, in which users are still answered
        start(site, lambda _: None)
    elif fault is Fault.STOP_CONTINUE:
        return Planted(at, _stopped(target.at_work()))
    elif fault is Fault.DISK_FULL:
        return Planted(at, _filled(target.at_work()))
    elif fault is Fault.METRICS_OUTAGE:
        target.metrics.end()
        return Planted(at, target.metrics.begin)
    return Planted(at)


def _serving(target: Target, side: Side) -> list[psutil.Process]:
    """The processes of a side, which may be just beginning."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return of_side(target.site.home, side)
        except NotConfirmed:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _stopped(processes: list[psutil.Process]) -> Callable[[], None]:
    for process in processes:
        process.suspend()

    def go_on() -> None:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    return go_on


def _filled(processes: list[psutil.Process]) -> Callable[[], None]:
    """No file of these processes may grow: each write to one fails, as on a full disk (Python ignores SIGXFSZ)."""
    before = [(process, process.rlimit(resource.RLIMIT_FSIZE)) for process in processes]
    for process, (_, hard) in before:
        process.rlimit(resource.RLIMIT_FSIZE, (0, hard))

    def free() -> None:
        for process, limits in before:
            with suppress(psutil.NoSuchProcess):
                process.rlimit(resource.RLIMIT_FSIZE, limits)

    return free
