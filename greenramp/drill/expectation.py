"""What the end must look like, for each fault at each place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from greenramp.drill.faults import Fault
from greenramp.drill.places import Place

USERS = 4
"""Users of a drill ask at the same time; so many requests can be open at once."""


class Ending(StrEnum):
    """Which version has all traffic in the end."""

    BACK = "the version before serves"
    PROMOTED = "the candidate serves"


_GOING_BACK = (Place.ROLLING_BACK, Place.RECOVERING)
"""What rolls back there is a bad candidate; what is put right there had died in its canary."""

_ENDS_THE_RELEASE = (Fault.KILL_FLOW, Fault.KILL_ALL, Fault.STOP_CONTINUE, Fault.METRICS_OUTAGE)

_EITHER = frozenset(Ending)
_BACK = frozenset((Ending.BACK,))
_PROMOTED = frozenset((Ending.PROMOTED,))


@dataclass(frozen=True)
class Expectation:
    """What must be true in the end.

    endings: those that are right. lost: so many of the users' requests may fail, since they were open at what was
    killed. outage: users have nobody to answer them until the site is up again; what fails by then is not counted.
    """

    endings: frozenset[Ending]
    lost: int = 0
    outage: bool = False


def expectation(fault: Fault, at: Place | None) -> Expectation:
    """The expectation of one cell.

    A bad candidate never stays, and a good one goes when what carries its release out is gone for longer than its
    lease; when a server is gone for some seconds it may stay or go, so long as all of the record says the same of it.
    """
    lost = {Fault.KILL_ENVOY: USERS, Fault.KILL_ALL: USERS, Fault.KILL_CANDIDATE: 1, Fault.KILL_LIVE: 1}.get(fault, 0)
    return Expectation(_endings(fault, at), lost, outage=fault is Fault.KILL_ALL)


def _endings(fault: Fault, at: Place | None) -> frozenset[Ending]:
    if fault.in_model or at in _GOING_BACK:
        return _BACK
    if at is Place.RETIRING:
        return _PROMOTED
    if fault in _ENDS_THE_RELEASE:
        return _BACK
    return _PROMOTED if fault is Fault.KILL_GUARD else _EITHER
