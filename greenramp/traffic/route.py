"""One service's traffic record: who is live, who has which share, who may change it and until when.

The router keeps this record inside its own route file, so that record and routing can't differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from greenramp.errors import Fenced, ReleaseUnderWay
from greenramp.traffic.handling import MAX_MIRROR_KB, Handling
from greenramp.traffic.split import Side, Split


@dataclass(frozen=True)
class Route:
    """A service's traffic, and the claim of the release that works on it.

    live: the side that serves, and that an ended lease falls back to; None before the first release.
    percent: share of the idle side, in percent; 0 outside a canary.
    mirror: share of the live side's requests that the idle side gets a copy of, in percent; 0 outside a shadow
    test. A copy's answer reaches nobody. Requests larger than mirror_max_kb are not copied.
    generation: counts the changes of this record; a change that read an older one is refused.
    owner: id of the release that holds the service, empty when none does.
    until: epoch seconds at which the owner's claim, and with it a shared split or a mirror, ends unless renewed.
    salt: mixed into the user key, so that each release draws other users.
    fallback: the idle side answers what the live side fails to answer (only while it is a proven version).
    step: what the owner is doing, in words.
    handling: what the service's configuration says of its requests.
    """

    service: str
    live: Side | None = None
    percent: float = 0.0
    mirror: float = 0.0
    mirror_max_kb: int = 1024
    generation: int = 0
    owner: str = ""
    until: float = 0.0
    salt: str = ""
    fallback: bool = False
    step: str = ""
    handling: Handling = field(default_factory=Handling)

    def __post_init__(self) -> None:
        for share in (self.percent, self.mirror):
            Split.giving(self.idle, share)  # refuses a share that is none
            if self.live is None and share:
                raise ValueError(f"{self.service}: {share:g} % are shared, but there is no live side to share with")
        if self.mirror and (self.percent or self.fallback):
            raise ValueError(f"{self.service}: a mirror beside shared traffic would copy the candidate's own requests")
        if not 0 < self.mirror_max_kb <= MAX_MIRROR_KB:
            raise ValueError(f"{self.service}: mirror_max_kb must be in [1, {MAX_MIRROR_KB}], not {self.mirror_max_kb}")

    @property
    def leased(self) -> bool:
        """Whether the idle side gets requests, which ends with the lease."""
        return bool(self.percent or self.mirror)

    @property
    def split(self) -> Split | None:
        """The traffic's split, None while nothing serves."""
        return None if self.live is None else Split.giving(self.live.other, self.percent)

    @property
    def idle(self) -> Side:
        """The side a candidate is put on."""
        return Side.BLUE if self.live is None else self.live.other

    def held(self, now: float) -> bool:
        """Whether a living release holds the service at `now` (epoch seconds)."""
        return bool(self.owner) and now < self.until

    def to_json(self) -> dict[str, Any]:
        """This record as plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Route:
        """The record that `to_json` gave."""
        live = data.get("live")
        handling = Handling.from_json(data.get("handling", {}))
        typed = {"live": Side(live) if live else None, "generation": int(data["generation"]), "handling": handling}
        return cls(**{**data, **typed})


_ALONE: Mapping[str, Any] = {"percent": 0.0, "mirror": 0.0, "fallback": False}
"""The live side has all traffic, and nobody stands behind it."""

CLAIMED = "claimed"
RETIRING = "retiring"
PUTTING_RIGHT = "putting right what"
ROLLING_BACK = "rollback"
TAKEN_BACK = "traffic is back"
"""Steps that others act on. TAKEN_BACK: a rollback's traffic stands; registry and environments are left to do.
PUTTING_RIGHT begins the step of a release that found a dead one; it stays until the registry is mended."""


def claim(route: Route, owner: str, now: float, lease_seconds: float) -> Route:
    """Take the service for `owner`; raises ReleaseUnderWay while another living release holds it.

    What a dead release left shared goes to the live side at once, and `step` names it. Claiming again keeps `step`.
    """
    if route.held(now) and route.owner != owner:
        raise ReleaseUnderWay(
            f"{route.service}: release {route.owner} is under way ({route.step or 'starting'}); wait for it (if it is "
            f"dead, its claim ends in {route.until - now:.0f} s), or take traffic back with: "
            f"greenramp rollback {route.service}"
        )
    mine = replace(route, owner=owner, until=now + lease_seconds, salt=owner)
    if route.owner == owner:
        return mine
    if not route.owner:
        return replace(mine, step=CLAIMED)
    return replace(mine, **_ALONE, step=f"{PUTTING_RIGHT} {route.owner} left")


def take_back(route: Route, owner: str, now: float, lease_seconds: float) -> Route:
    """A person's rollback: take the service from whoever holds it, and its traffic back where that needs no start.

    A release before its switch loses the candidate's share; one after its switch loses the live side to the
    old version that stands behind it. With nothing under way, traffic stays and `step` says so by not being
    TAKEN_BACK: the version before has to be started first.
    """
    mine = replace(route, owner=owner, until=now + lease_seconds)
    if route.owner == owner:
        return mine
    if route.fallback and route.live:
        return replace(mine, live=route.live.other, **_ALONE, step=TAKEN_BACK)
    # a release that retires the old version is through, and a rollback that was starting one moved nothing yet
    under_way = route.owner and route.step not in (RETIRING, ROLLING_BACK)
    return replace(mine, **_ALONE, step=TAKEN_BACK if under_way else ROLLING_BACK)


def renew(route: Route, owner: str, now: float, lease_seconds: float) -> Route:
    """Prolong the claim of its living owner; raises Fenced for anybody else, and when it has ended."""
    _require_living_owner(route, owner, now)
    return replace(route, until=now + lease_seconds)


def shift(route: Route, owner: str, now: float, percent: float, step: str) -> Route:
    """Give the idle side `percent` of the traffic; raises Fenced unless `owner` is the living owner."""
    _require_living_owner(route, owner, now)
    return replace(route, percent=percent, mirror=0.0, step=step)


def copy(route: Route, owner: str, now: float, percent: float, max_kb: int, step: str) -> Route:
    """Give the idle side copies of `percent` of the requests; raises Fenced unless `owner` is the living owner."""
    _require_living_owner(route, owner, now)
    return replace(route, mirror=percent, mirror_max_kb=max_kb, step=step)


def switch(route: Route, owner: str, now: float, live: Side, step: str) -> Route:
    """Make `live` the serving side with all traffic; the old one stays behind it as fallback."""
    _require_living_owner(route, owner, now)
    return replace(route, live=live, percent=0.0, mirror=0.0, fallback=route.live is not None, step=step)


def settle(route: Route, owner: str) -> Route:
    """The live side stands alone: nothing falls back to the old version any more, so it may be stopped."""
    _require_owner(route, owner)
    return replace(route, fallback=False, step=RETIRING)


_LONGEST_LEASE_SECONDS = 600
"""No claim is ever longer; one that seems to be was made before the clock jumped back."""


def lapse(route: Route, now: float) -> Route:
    """What the record has to say once a lease has ended: all traffic on the live side, as Envoy routes already.

    Owner and step stay: they tell the next release what was left, and keep the dead one fenced.
    """
    if not route.leased or now < route.until <= now + _LONGEST_LEASE_SECONDS:
        return route
    return replace(route, percent=0.0, mirror=0.0, until=min(route.until, now))


def put_back(route: Route, owner: str, live: Side | None) -> Route:
    """All traffic to `live` again; allowed after the lease has ended, not after somebody else took over."""
    _require_owner(route, owner)
    return replace(route, live=live, **_ALONE)


def leave(route: Route, owner: str) -> Route:
    """Give the claim up; a record that already belongs to somebody else stays as it is."""
    if route.owner != owner:
        return route
    return replace(route, owner="", until=0.0, step="", **_ALONE)


def _require_owner(route: Route, owner: str) -> None:
    if route.owner != owner:
        raise Fenced(f"{route.service} belongs to {route.owner or 'nobody'} now, not to {owner}")


def _require_living_owner(route: Route, owner: str, now: float) -> None:
    _require_owner(route, owner)
    if now >= route.until:
        raise Fenced(f"{route.service}: the lease of {owner} ended {now - route.until:.1f} s ago")
