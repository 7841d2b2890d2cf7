"""What becomes of the requests that each side of a service is chosen for, by Envoy's counters."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from greenramp.clients.envoy.admin import Admin, Copies, Reading, copies_in
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.home import Home
from greenramp.traffic.split import Side

_CHOSEN = ("live", "backed", "fallback")
"""Roles that a route may choose; answers and times are counted there, whoever answers in the end."""

_OWN = ("live", "candidate")
"""Roles that are a side's own processes."""


@dataclass(frozen=True)
class SideTraffic:
    """One side's requests, those that have been answered unless said otherwise.

    chosen: the side was chosen for them. retried: the first try failed and there was a second one; rescued: which
    answered well. elsewhere: the other side got them at once, since no process of this one was fit. answered_5xx:
    so many of `chosen` were answered 5xx to the user. open: under way now at the side's processes, whoever was
    chosen. copies: sent to it for a mirror. times: how many of `chosen` took so many milliseconds until the whole
    answer was there, second tries included; Envoy counts whole milliseconds, and from 100 on two digits of them.
    """

    chosen: int
    retried: int
    rescued: int
    elsewhere: int
    answered_5xx: int
    open: int
    copies: Copies
    times: Mapping[float, int]

    @property
    def failed_first(self) -> int:
        """First tries that the side's processes did not answer well: tried again, passed on, or answered 5xx.

        Where both sides fail at once, one request may be two of these; there are never more than `chosen`. Envoy's
        counters go on while they are read: requests that end in that moment may be counted here, too.
        """
        at_once = max(0, self.answered_5xx - (self.retried - self.rescued))
        return min(self.chosen, self.retried + max(0, self.elsewhere) + at_once)

    def milliseconds(self, share: float) -> float | None:
        """The time within which `share`, in (0, 1], of the requests was answered; None without any."""
        wanted, seen = math.ceil(share * sum(self.times.values())), 0
        for ms, count in sorted(self.times.items()):
            seen += count
            if seen >= wanted:
                return ms
        return None


@dataclass(frozen=True)
class ServiceTraffic:
    """Both sides of a service, in the last `seconds`.

    at: monotonic seconds. since_start: seconds that Envoy runs. now, before: all its counters at the end and at the
    beginning of that time.
    """

    service: str
    at: float
    since_start: float
    seconds: float
    now: Reading
    before: Reading

    @cached_property
    def sides(self) -> Mapping[Side, SideTraffic]:
        """Each side's traffic."""
        return {side: self._side(side) for side in Side}

    @property
    def chosen(self) -> int:
        """Requests of both sides."""
        return sum(side.chosen for side in self.sides.values())

    def __sub__(self, earlier: ServiceTraffic) -> ServiceTraffic:
        """What came between two readings; since Envoy's start when it was started anew in between."""
        if self.since_start < earlier.since_start:
            return self
        return replace(self, seconds=self.at - earlier.at, before=earlier.now)

    def _side(self, side: Side) -> SideTraffic:
        copies = {name: self._grown(name) for name in self.now.numbers if "-shadow." in name}
        return SideTraffic(
            chosen=self._total(side, _CHOSEN, "rq_completed"),
            retried=self._total(side, _CHOSEN, "rq_retry"),
            rescued=self._total(side, _CHOSEN, "rq_retry_success"),
            elsewhere=self._total(side, ("fallback",), "rq_completed") - self._ended_as_candidate(side),
            answered_5xx=self._total(side, _CHOSEN, "rq_5xx"),
            open=sum(
                self.now.numbers.get(self._name(side, role, gauge), 0)
                for role in _OWN
                for gauge in ("rq_active", "rq_pending_active")
            ),
            copies=copies_in(copies, cluster_name(self.service, side, "shadow")),
            times=self._times(side),
        )

    def _ended_as_candidate(self, side: Side) -> int:
        """First tries that went to the side's processes as a candidate's and have ended there.

        No counter says when Envoy passes over a candidate that is not fit. But all tries at its processes are
        counted, and of those that came from the other side, as second tries, how many there were.
        """
        name = self._name(side, "candidate", "rq_active")
        open_more = self.now.numbers.get(name, 0) - self.before.numbers.get(name, 0)
        tries = self._total(side, ("candidate",), "rq_total", "rq_pending_failure_eject")
        others = self._total(side.other, ("backed",), "rq_retry")
        return tries - open_more - others + self._total(side.other, ("backed",), "cx_none_healthy")

    def _times(self, side: Side) -> Mapping[float, int]:
        found: Counter[float] = Counter()
        for role in _CHOSEN:
            name = self._name(side, role, "rq_time")
            now, before = self.now.times.get(name, {}), self.before.times.get(name, {})
            anew = sum(now.values()) < sum(before.values())
            found.update(now if anew else {ms: count - before.get(ms, 0) for ms, count in now.items()})
        return +found

    def _total(self, side: Side, roles: tuple[str, ...], *counters: str) -> int:
        return sum(self._grown(self._name(side, role, counter)) for role in roles for counter in counters)

    def _grown(self, name: str) -> int:
        """By how much a counter has grown; it begins anew when its cluster was gone, as in an idle side's absence."""
        now, before = self.now.numbers.get(name, 0), self.before.numbers.get(name, 0)
        return now - before if now >= before else now

    def _name(self, side: Side, role: str, counter: str) -> str:
        return f"cluster.{cluster_name(self.service, side, role)}.upstream_{counter}"


def read_traffic(home: Home, service: str) -> ServiceTraffic:
    """All traffic of a service since Envoy's start; raises Unreachable when Envoy does not answer."""
    rest = "(live|backed|fallback|candidate|shadow).upstream_(rq_[a-z0-9_]*|cx_none_healthy)"
    reading = Admin(home.admin_socket).reading(f"^(server.uptime|cluster.{service}.(blue|green)-{rest})$")
    seconds = float(reading.numbers.get("server.uptime", 0))
    return ServiceTraffic(service, time.monotonic(), seconds, seconds, now=reading, before=Reading({}, {}))
