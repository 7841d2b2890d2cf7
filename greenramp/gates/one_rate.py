"""Is the candidate's own rate above, or below, a fixed limit? Needs no champion.

A likelihood ratio against the limit, averaged over alternatives on one side of it, is at most 1 on
average at every look while the limit holds, so it reaches 1/alpha with a chance of at most alpha (Wald
1945; Ville 1939), also when the rate wanders on its side of the limit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from greenramp.gates.likelihood import Floats, log_likelihood, log_mean_exp

POINTS = 24


@dataclass(frozen=True)
class OneRate:
    """Holds counts against one allowed rate, a fraction in (0, 1)."""

    max_rate: float

    def shifts(self) -> Floats:
        """Log odds ratios against the limit, 1.1 to 20; above the limit as they are, below it mirrored."""
        return np.geomspace(math.log(1.1), 3.0, POINTS)

    def log_above(self, bad: int, seen: int) -> float:
        """Evidence (natural log) that the rate is above the limit."""
        return float(log_mean_exp(log_likelihood(self.shifts(), bad, seen, self.max_rate)))

    def log_below(self, bad: int, seen: int) -> float:
        """Evidence (natural log) that the rate is below the limit."""
        return float(log_mean_exp(log_likelihood(-self.shifts(), bad, seen, self.max_rate)))


def rate_interval(bad: int, seen: int, alpha: float) -> tuple[float, float]:
    """Interval that holds one constant rate at every look together with chance >= 1 - alpha.

    All rates that the Beta(1/2, 1/2) mixture does not beat by 1/alpha (Robbins 1970). (0, 1) knows nothing.
    """
    good = seen - bad
    mixture = math.lgamma(bad + 0.5) + math.lgamma(good + 0.5) - math.lgamma(seen + 1) - math.log(math.pi)
    needed = mixture + math.log(alpha)

    def inside(rate: float) -> bool:
        return (bad * math.log(rate) if bad else 0.0) + (good * math.log1p(-rate) if good else 0.0) >= needed

    def edge(outer: float, inner: float) -> float:
        for _ in range(60):
            middle = (outer + inner) / 2
            outer, inner = (outer, middle) if inside(middle) else (middle, inner)
        return outer

    best = bad / seen if seen else 0.5
    return (edge(0.0, best) if bad else 0.0, edge(1.0, best) if good else 1.0)
