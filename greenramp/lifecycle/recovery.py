"""What becomes of a service whose release died: a table of what the traffic record says and what follows from it.

Forward only where all that is left is bookkeeping: 100 % was reached and seen served, the bake is over. Else back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from greenramp.errors import Fenced
from greenramp.traffic.route import RETIRING, ROLLING_BACK, TAKEN_BACK, Route


class Found(StrEnum):
    """What a traffic record says of whoever owns it."""

    NOBODY = "nothing is under way"
    LIVING = "its owner lives"
    RETIRING = "all that was left was to stop the old version"
    BEHIND = "the old version stands behind the new one"
    BEHIND_SICK = "the old version, which stands behind the new one, is not fit"
    BEFORE = "traffic had not been switched"
    ROLLBACK = "a rollback that was starting the version before"
    STOPPED = "its service wants it resumed, and the world is as it left it"
    BEGINNING = "a new run of it is about to begin"


class Way(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    BACK = "back: the old version has all traffic, the new one stops"
    ALONE = "back: the live version has all traffic, what was started beside it stops"
    FORWARD = "forward: the new version stays, the old one stops"
    STAY = "the new version stays, since the old one can't serve: a person should look"
    RESUME = "resume: a new run goes on with the same release"

    @property
    def kept(self) -> bool:
        """Whether the version that the dead release brought stays."""
        return self in (Way.FORWARD, Way.STAY)


TABLE = {
    Found.NOBODY: Way.NOTHING,
    Found.LIVING: Way.NOTHING,
    Found.RETIRING: Way.FORWARD,
    Found.BEHIND: Way.BACK,
    Found.BEHIND_SICK: Way.STAY,
    Found.BEFORE: Way.ALONE,
    Found.ROLLBACK: Way.ALONE,
    Found.STOPPED: Way.RESUME,
    Found.BEGINNING: Way.NOTHING,
}


@dataclass(frozen=True)
class Recovery:
    """What was found at a service, and what follows. owner: the release or rollback that died."""

    service: str
    owner: str
    step: str
    found: Found

    @property
    def way(self) -> Way:
        """What is to be done."""
        return TABLE[self.found]

    def __str__(self) -> str:
        return f"{self.service}: {self.owner} died at: {self.step or 'its start'}; {self.found.value}; {self.way.value}"


def find(route: Route, now: float, *, idle_fit: bool, stopped: Found | None = None) -> Recovery:
    """What a record says at `now`, in epoch seconds.

    idle_fit: whether a process of the idle side is fit to answer. stopped: STOPPED or BEGINNING where the release can
    go on by what it kept (see greenramp.lifecycle.resuming), None where it can't or must not.
    """
    if not route.owner:
        found = Found.NOBODY
    elif route.held(now):
        found = Found.LIVING
    elif route.step == RETIRING:
        found = Found.RETIRING
    elif stopped is not None:
        found = stopped
    elif route.fallback:
        found = Found.BEHIND if idle_fit else Found.BEHIND_SICK
    else:
        found = Found.ROLLBACK if route.step == ROLLING_BACK else Found.BEFORE
    return Recovery(route.service, route.owner, route.step, found)


def take_over(route: Route, recovery: Recovery, owner: str, now: float, lease_seconds: float) -> Route:
    """The record in the hands of `owner`, with traffic where it is to stay; also once more, of a recovery that died.

    Raises Fenced when the record is no longer what was found: another has come, or the dead one was not dead.
    """
    if route.owner != recovery.owner or route.held(now) or recovery.way in (Way.NOTHING, Way.RESUME):
        raise Fenced(f"{route.service} belongs to {route.owner or 'nobody'} now; there is nothing to recover")
    live = route.idle if recovery.way is Way.BACK else route.live
    step = RETIRING if recovery.way.kept else TAKEN_BACK
    return replace(
        route, owner=owner, until=now + lease_seconds, live=live, percent=0.0, mirror=0.0, fallback=False, step=step
    )


def take_up(route: Route, release: str, now: float, lease_seconds: float) -> Route:
    """The record in the hands of a new run of the release that holds it; what was shared is on the live side.

    Raises Fenced when another has come, or the run before still renews its lease.
    """
    if route.owner != release:
        raise Fenced(f"{route.service} belongs to {route.owner or 'nobody'} now; {release} can't go on")
    if route.held(now):
        raise Fenced(f"{route.service}: {release} is under way ({route.step}); it needs no second run")
    return replace(route, until=now + lease_seconds, percent=0.0, mirror=0.0)


def table() -> str:
    """The table as Markdown."""
    rows = [f"| {found.value} | {way.value} |" for found, way in TABLE.items()]
    return "\n".join(["| what the traffic record says | what is done |", "|---|---|", *rows])
