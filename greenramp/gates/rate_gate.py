"""Does the candidate do the bad thing more often than the champion? Bets on whose the next bad event is.

If both are alike, a bad event is the candidate's with a chance equal to its share of the traffic. The
product of fair bets against that is at most 1 on average at every look, so it reaches 1/alpha with a
chance of at most alpha (Ville 1939), for any drift of the common rate and any order of shares. Strata
keep their own share: they multiply, and are never pooled.
It trusts the share: traffic the router sent beyond it would look like harm.
Source: Lindon & Malek, NeurIPS 2022 (arXiv 2011.03567).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from greenramp.evidence import Evidence
from greenramp.gates.likelihood import Floats, log_likelihood, log_mean_exp

HARM_POINTS, SAFE_POINTS = 24, 11
SAFE_TOP = 1.0  # the safest alternative: e times better
STEP, PRIOR_REACH, SCAN_REACH = 0.01, 250, 700  # grid of log ratios; the prior covers +-2.5, the scan +-7


class Harm(IntEnum):
    """Which direction of the counted event hurts."""

    UP = 1  # errors: more is worse
    DOWN = -1  # conversions: fewer is worse

    @property
    def top(self) -> float:
        """Log ratio of the worst alternative: errors can rise 20-fold, conversions rarely fall below a fifth."""
        return 3.0 if self is Harm.UP else 1.5


def comparable(evidence: Evidence) -> Evidence:
    """Return the strata in which both sides had traffic; alone, a side says nothing about the other."""
    return Evidence(tuple(s for s in evidence.strata if 0 < s.share < 1))


def log_ratio_likelihood(log_ratio: Floats, evidence: Evidence) -> Floats:
    """Log likelihood of each rate ratio candidate/champion, over that of equal rates."""
    total = np.zeros_like(log_ratio)
    for s in comparable(evidence).strata:
        total += log_likelihood(log_ratio, s.candidate_bad, s.bad, s.share)
    return total


@dataclass(frozen=True)
class RateGate:
    """Compares two rates; `margin` is the relative harm that matters."""

    margin: float
    harm: Harm = Harm.UP

    def __post_init__(self) -> None:
        if not 0 < self.margin < math.expm1(self.harm.top) or self.harm * self.margin <= -1:
            raise ValueError(f"no ratio is {self.margin} worse with harm {self.harm.name.lower()}")

    def harmful(self) -> Floats:
        """Log ratios that would be harm, from the margin up, evenly spread in their logs."""
        return self.harm * np.geomspace(math.log1p(self.margin), self.harm.top, HARM_POINTS)

    def safe(self) -> Floats:
        """Log ratios that would be no harm: "equal", counted as often as all others together, and better ones."""
        better = np.geomspace(math.log1p(self.margin / 2), SAFE_TOP, SAFE_POINTS)
        return np.concatenate([np.zeros(SAFE_POINTS), -self.harm * better])

    def limit(self) -> float:
        """Log ratio at the margin itself."""
        return math.log1p(self.harm * self.margin)

    def log_against(self, evidence: Evidence) -> float:
        """Evidence of harm, natural log. Equal or better candidates ever reach log(1/alpha) with chance <= alpha."""
        return float(log_mean_exp(log_ratio_likelihood(self.harmful(), evidence)))

    def log_for(self, evidence: Evidence) -> float:
        """Evidence of less harm than the margin, natural log. Worse ones ever reach log(1/beta) with chance <= beta."""
        at_margin = log_ratio_likelihood(np.array([self.limit()]), evidence)
        return float(log_mean_exp(log_ratio_likelihood(self.safe(), evidence) - at_margin))


def ratio(evidence: Evidence) -> float | None:
    """How many times as often the candidate is bad: the likeliest ratio; 0 and inf occur, None without bad events.

    It goes by the bad events and the shares alone, as the evidence does, so that late labels do no harm;
    while counts are small it may differ from the quotient of the two observed rates.
    """
    strata = comparable(evidence).strata
    hits, bad = sum(s.candidate_bad for s in strata), sum(s.bad for s in strata)
    if bad == 0:
        return None
    if hits in (0, bad):
        return math.inf if hits else 0.0
    low, high = -40.0, 40.0
    for _ in range(60):  # the likelihood is concave in the log ratio: halve towards where its slope is 0
        middle = (low + high) / 2
        odds = math.exp(middle)
        expected = sum(s.bad * s.share * odds / (1 - s.share + s.share * odds) for s in strata)
        low, high = (middle, high) if expected < hits else (low, middle)
    return math.exp((low + high) / 2)


def ratio_interval(evidence: Evidence, alpha: float) -> tuple[float, float]:
    """Interval that holds the true ratio at every look together with chance >= 1 - alpha; (0, inf) knows nothing.

    All ratios that the mixture of 501 ratios from 0.08 to 12 does not beat by 1/alpha, on a grid of 1 %
    steps from 0.0009 to 1100; an end beyond that is given as 0 or inf.
    """
    grid = STEP * np.arange(-SCAN_REACH, SCAN_REACH + 1, dtype=np.float64)
    logs = log_ratio_likelihood(grid, evidence)
    prior = logs[SCAN_REACH - PRIOR_REACH : SCAN_REACH + PRIOR_REACH + 1]
    inside = np.flatnonzero(logs >= log_mean_exp(prior) + math.log(alpha))
    low = 0.0 if inside[0] == 0 else math.exp(grid[inside[0]])
    high = math.inf if inside[-1] == grid.size - 1 else math.exp(grid[inside[-1]])
    best = ratio(evidence)
    return (low, high) if best is None else (min(low, best), max(high, best))  # narrower than one step at times
