"""How many times as often the candidate does the bad thing: the likeliest ratio, and an interval for it."""

from __future__ import annotations

import math

import numpy as np

from greenramp.gates.evidence import Evidence
from greenramp.gates.likelihood import Floats, log_likelihood, log_mean_exp

STEP, PRIOR_REACH, SCAN_REACH = 0.01, 250, 700  # grid of log ratios; the prior covers +-2.5, the scan +-7


def comparable(evidence: Evidence) -> Evidence:
    """Return the strata in which both sides had traffic; alone, a side says nothing about the other."""
    return Evidence(tuple(s for s in evidence.strata if 0 < s.share < 1))


def log_ratio_likelihood(log_ratio: Floats, evidence: Evidence) -> Floats:
    """Log likelihood of each rate ratio candidate/champion, over that of equal rates."""
    total = np.zeros_like(log_ratio)
    for s in comparable(evidence).strata:
        total += log_likelihood(log_ratio, s.candidate_bad, s.bad, s.share)
    return total


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
