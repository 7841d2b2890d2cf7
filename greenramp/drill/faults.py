"""Faults of a game day, and which of them can be planted where."""

from __future__ import annotations

from enum import StrEnum

from greenramp.drill.places import Place
from greenramp.errors import ConfigError


class Fault(StrEnum):
    """What goes wrong. The first four are bad models; the others strike a release of a good one."""

    SLOW = "slow"
    WRONG = "wrong"
    CRASHING = "crashing"
    DRIFTING = "drifting"
    KILL_FLOW = "kill-flow"
    KILL_WORKER = "kill-worker"
    KILL_PREFECT = "kill-prefect"
    KILL_MLFLOW = "kill-mlflow"
    KILL_ENVOY = "kill-envoy"
    KILL_GUARD = "kill-guard"
    KILL_CANDIDATE = "kill-candidate"
    KILL_LIVE = "kill-live"
    KILL_ALL = "kill-all"
    STOP_CONTINUE = "stop-continue"
    DISK_FULL = "disk-full"
    METRICS_OUTAGE = "metrics-outage"

    @property
    def in_model(self) -> bool:
        """Whether the candidate itself is what is wrong."""
        return self in (Fault.SLOW, Fault.WRONG, Fault.CRASHING, Fault.DRIFTING)

    @property
    def does(self) -> str:
        """In words."""
        return _WORDS[self]


_WORDS = {
    Fault.SLOW: "the candidate takes a quarter of a second",
    Fault.WRONG: "the candidate answers wrongly to some",
    Fault.CRASHING: "the candidate's process ends after some hundred requests",
    Fault.DRIFTING: "the candidate's answers become worse and worse",
    Fault.KILL_FLOW: "SIGKILL to the process of the release",
    Fault.KILL_WORKER: "SIGKILL to Prefect's worker",
    Fault.KILL_PREFECT: "SIGKILL to Prefect's server",
    Fault.KILL_MLFLOW: "SIGKILL to MLflow's server",
    Fault.KILL_ENVOY: "SIGKILL to the Envoy that has the users",
    Fault.KILL_GUARD: "SIGKILL to the guard",
    Fault.KILL_CANDIDATE: "SIGKILL to the candidate's processes",
    Fault.KILL_LIVE: "SIGKILL to one of the two processes that serve",
    Fault.KILL_ALL: "SIGKILL to everything at once, then `greenramp up`",
    Fault.STOP_CONTINUE: "SIGSTOP to the process of the release, SIGCONT when another has put it right",
    Fault.DISK_FULL: "no file of the release's process may grow (RLIMIT_FSIZE)",
    Fault.METRICS_OUTAGE: "the Prometheus that a gate reads does not answer",
}

_BEFORE_IT_SERVES = (Place.REGISTERED,)
_CANDIDATE_IS_LIVE_ALONE = (Place.RETIRING,)
_GATES_TO_COME = (*list(Place)[: list(Place).index(Place.SWITCHED)], Place.PROMOTED)


def require_sense(fault: Fault, at: Place | None) -> None:
    """Raise ConfigError where a fault can't be planted at a place. at: None for the one that is usual."""
    if at is None:
        return
    if fault.in_model:
        raise ConfigError(f"--at {at}: {fault} is in the model, from its start to its end; leave --at out")
    if fault is Fault.KILL_CANDIDATE and at in _BEFORE_IT_SERVES:
        raise ConfigError(f"--at {at}: the candidate has no process yet; take {Place.PROVISIONING} or later")
    if fault is Fault.KILL_CANDIDATE and at in _CANDIDATE_IS_LIVE_ALONE:
        raise ConfigError(f"--at {at}: the candidate is the live version by then; take --fault {Fault.KILL_LIVE}")
    if fault is Fault.METRICS_OUTAGE and at not in _GATES_TO_COME:
        there = ", ".join(_GATES_TO_COME)
        raise ConfigError(f"--at {at}: no gate is asked from there on; take one of {there}")
    if fault in (Fault.KILL_ALL, Fault.STOP_CONTINUE) and at is Place.RECOVERING:
        raise ConfigError(f"--at {at}: a recovery can be killed ({Fault.KILL_FLOW}), not {fault}")


def cells() -> list[tuple[Fault, Place | None]]:
    """Every fault at every place where it makes sense; a bad model once."""
    found: list[tuple[Fault, Place | None]] = []
    for fault in Fault:
        if fault.in_model:
            found.append((fault, None))
            continue
        for place in Place:
            try:
                require_sense(fault, place)
            except ConfigError:
                continue
            found.append((fault, place))
    return found
