"""Whether the share that was served can be the share that was asked for, by how likely chance alone explains it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from greenramp.measures.traffic_log import SeenRequest

FALSE_ALARM = 1e-4
"""How often, at most, a share that is served as asked is taken for another one."""

_LIMIT = math.log(2 / FALSE_ALARM)


@dataclass(frozen=True)
class Served:
    """Requests since a change, and how many of them the candidate was chosen for.

    weight: how many independent requests they are worth (Kish's effective size); users who send many are drawn once.
    """

    requests: int
    candidate: int
    weight: float

    def fits(self, share: float) -> bool:
        """Whether chance explains the difference from `share`, in [0, 1].

        Requests that are drawn one by one are held against the Chernoff bound of the binomial distribution,
        exp(-n KL(k/n, p)) on each side; users of unlike weight against Hoeffding's, exp(-2 n d^2). Both always
        hold, for any n. (Hoeffding, JASA 58, 1963, theorems 1 and 2.)
        """
        if not self.requests:
            return True
        served = self.candidate / self.requests
        if self.weight >= self.requests:
            return self.requests * _divergence(served, share) <= _LIMIT
        if share in (0.0, 1.0):
            return served == share
        return 2 * self.weight * (served - share) ** 2 <= _LIMIT

    def __str__(self) -> str:
        percent = 100 * self.candidate / self.requests if self.requests else 0.0
        return f"{percent:.1f} % of {self.requests} requests"


def served_by_count(requests: int, candidate: int) -> Served:
    """From counters, as if every request were drawn by itself."""
    return Served(requests, candidate, float(requests))


def served_by_user(requests: Iterable[SeenRequest], candidate: str) -> Served:
    """From the requests themselves: all of one user's go the same way, so they are one draw."""
    count = mine = alone = 0
    users: Counter[str] = Counter()
    for request in requests:
        count += 1
        mine += request.side == candidate
        if request.user:
            users[request.user] += 1
        else:
            alone += 1
    squares = alone + sum(n * n for n in users.values())
    return Served(count, mine, count * count / squares if squares else 0.0)


def requests_needed(share: float) -> int:
    """How many requests it takes until a share of 0 served instead of `share` can't be chance any more."""
    return 1 if share >= 1 else math.ceil(_LIMIT / -math.log1p(-share))


def _divergence(q: float, p: float) -> float:
    """Kullback and Leibler's divergence of two 0/1 distributions, in nats; infinite where p rules q out."""
    total = 0.0
    for a, b in ((q, p), (1 - q, 1 - p)):
        if a > 0:
            if b <= 0:
                return math.inf
            total += a * math.log(a / b)
    return total
