"""Whether anybody is able to end a shared split when the lease of its release ends.

Two can, each without the other: Envoy, which looks at the lease of every request, and the guard, which writes all
traffic back to the live side once a lease has ended.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.router import Router
from greenramp.errors import Refused, Unreachable
from greenramp.home import Home
from greenramp.site.heartbeat import beat_age

_OLD_BEAT_SECONDS = 5.0
"""Ten looks of the guard's."""

_TAKING_SECONDS = 0.2
"""A file that has just been written is not yet Envoy's; it takes some milliseconds."""

_PATIENCE_SECONDS = 5.0
"""A release waits so long for somebody who is just being started again."""


@dataclass(frozen=True)
class Enforcer:
    """One of the two. why_not: why it can't end a split, and cure: what to do about it; empty when it is able."""

    able: bool
    why_not: str = ""
    cure: str = ""

    def __str__(self) -> str:
        return "able" if self.able else f"{self.why_not}; {self.cure}"


_ABLE = Enforcer(able=True)


@dataclass(frozen=True)
class Enforcement:
    """Both of them."""

    envoy: Enforcer
    guard: Enforcer

    @property
    def troubles(self) -> tuple[str, ...]:
        """One sentence for each who is not able; a louder one before them when nobody is."""
        both = {"Envoy": self.envoy, "the guard": self.guard}
        told = tuple(f"{name} can't end a shared split: {one}" for name, one in both.items() if not one.able)
        if self.envoy.able or self.guard.able:
            return told
        return ("NOBODY ENDS A SHARED SPLIT when its release dies: traffic would stay with the candidate", *told)


def enforcement(home: Home) -> Enforcement:
    """Look at both."""
    return Enforcement(envoy=_envoy(home), guard=_guard(home))


def require_enforcement(home: Home) -> str:
    """See that a release may start; returns a warning when only the guard is missing, empty when all is well.

    Raises Refused when Envoy is not able, which also moves the traffic that a release shares.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (now := enforcement(home)).troubles and time.monotonic() < deadline:
        time.sleep(0.1)
    if not now.envoy.able:
        raise Refused("; ".join(now.troubles))
    return "; ".join(now.troubles)


def _envoy(home: Home) -> Enforcer:
    admin, router = Admin(home.admin_socket), Router(home)
    try:
        if not admin.ready():
            return Enforcer(able=False, why_not="it is not ready", cure=f"see {home.logs / 'envoy.log'}")
        if not _settled(router):
            return Enforcer(
                able=False,
                why_not=f"it does not run with the route file in {home.xds}",
                cure="the guard puts the last good one back; if it does not run: greenramp up",
            )
        errors = admin.filter_errors()
    except Unreachable as error:
        return Enforcer(able=False, why_not=str(error), cure="start it with: greenramp up")
    if errors:  # each was one too many: a script that fails lets its request through, whatever the lease says
        return Enforcer(
            able=False,
            why_not=f"its filter failed on {errors} requests since its start, which went their way unchecked",
            cure=f"read why in {home.logs / 'envoy.log'}, then begin anew with: greenramp restart-router",
        )
    return _ABLE


def _settled(router: Router) -> bool:
    deadline = time.monotonic() + _TAKING_SECONDS
    while not (same := router.runs_with_route_file()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return same


def _guard(home: Home) -> Enforcer:
    age = beat_age(home)
    if age is not None and age <= _OLD_BEAT_SECONDS:
        return _ABLE
    seen = "it has not looked since this machine was started" if age is None else f"its last look was {age:.0f} s ago"
    log = home.logs / "guard.log"
    return Enforcer(able=False, why_not=seen, cure=f"start it with: greenramp up; if it runs, {log} says what is wrong")
