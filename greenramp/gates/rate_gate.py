"""Does the candidate do the bad thing more often than the champion? Bets on whose the next bad event is.

If both are alike, a bad event is the candidate's with a chance equal to its share of the traffic. The
product of fair bets against that is at most 1 on average at every look, so it reaches 1/alpha with a
chance of at most alpha (Ville 1939), for any drift of the common rate and any order of shares.
Where bad outcomes are common the good ones are bet on, too (see `Counts.base_rate`).
It trusts the share: traffic the router sent beyond it would look like harm.
Sources: Lindon & Malek, NeurIPS 2022 (arXiv 2011.03567); Turner, Ly & Grunwald, JSPI 2024 (arXiv 2106.02693).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import IntEnum
from typing import Any, NamedTuple, Self

import numpy as np

from greenramp.gates.events import Ints
from greenramp.gates.likelihood import Floats, log_likelihood
from greenramp.gates.mixture import Mixture

HARM_POINTS, SAFE_POINTS = 24, 11
SAFE_TOP = 1.0  # the safest alternative: e times better
RESERVE = 0.2


class Harm(IntEnum):
    """Which direction of the counted event hurts."""

    UP = 1  # errors: more is worse
    DOWN = -1  # conversions: fewer is worse
    EITHER = 0  # shares of traffic: any other than told is wrong

    @property
    def top(self) -> float:
        """Log ratio of the worst alternative: errors can rise 20-fold, conversions rarely fall below a fifth."""
        return 1.5 if self is Harm.DOWN else 3.0


class Counts(NamedTuple):
    """Events of one block: of one share, in the order the router sent them. Arrays stand for independent runs.

    base_rate: None bets on the bad events alone. A fraction in (0, 1) bets on every outcome; it has to be known
    before the block, and the better it meets the rate of both sides together, the better the bets.
    """

    share: float
    candidate: Any
    champion: Any
    candidate_bad: Any
    champion_bad: Any
    base_rate: Any = None


class RateGate:
    """Compares two rates; O(1) per block.

    margin: the relative harm that matters. reserve: part of the stake kept for harm that begins later.
    hint: relative harm that is feared; half the stake goes on it.
    """

    def __init__(
        self,
        margin: float,
        harm: Harm = Harm.UP,
        *,
        reserve: float = RESERVE,
        hint: float | None = None,
        shape: tuple[int, ...] = (),
    ) -> None:
        for amount in (margin, hint):
            if amount is not None and (not 0 < amount < math.expm1(harm.top) or harm * amount <= -1):
                raise ValueError(f"no ratio is {amount} worse with harm {harm.name.lower()}")
        self.harmful, weights = _harmful(margin, harm, hint)
        self.safe, safe_weights = _safe(margin, harm)
        self.limit = math.log1p((harm or 1) * margin)
        self._against = Mixture(weights, reserve, shape)
        self._for = Mixture(safe_weights, 0.0, shape)

    def update(self, block: Counts, hazard: float = 0.0) -> None:
        """Take in a block. hazard: chance that the harm began since the last one; it may not look at the block."""
        self._against.update(self._harm_bets(block), hazard)
        self._for.update(self._safe_bets(block))

    def update_many(self, shares: Floats, counts: Ints, base_rates: Floats, hazards: Floats) -> None:
        """Take in several blocks of a single run, in their order.

        shares, base_rates, hazards: one per block; a base rate that is not a number bets on bad events alone.
        counts: shape (blocks, 4): candidate, champion, candidate_bad, champion_bad.
        """
        for mixture, points, limit in ((self._against, self.harmful, 0.0), (self._for, self.safe, self.limit)):
            gains = np.zeros((len(shares), points.size))
            for share in np.unique(shares):
                for common in (False, True):
                    which = (shares == share) & (np.isnan(base_rates) != common)
                    if which.any():
                        base = base_rates[which] if common else None
                        gains[which] = log_bets(points, limit, _counts_of(share, counts[which], base))
            mixture.update_many(gains, hazards if mixture is self._against else np.zeros(len(shares)))

    def log_against(self, block: Counts | None = None, hazard: float = 0.0) -> Any:
        """Evidence of harm, natural log. Equal or better candidates ever reach log(1/alpha) with chance <= alpha.

        block: what has come since the last full one; it is looked at and not taken in.
        """
        return self._against.log_value(self._harm_bets(block), hazard) if block else self._against.log_value()

    def log_for(self, block: Counts | None = None) -> Any:
        """Evidence of less harm than the margin, natural log. Worse ones ever reach log(1/beta) with chance <= beta."""
        return self._for.log_value(self._safe_bets(block)) if block else self._for.log_value()

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {"against": self._against.state(), "for": self._for.state()}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a gate that was made alike."""
        self._against.restore(state["against"])
        self._for.restore(state["for"])
        return self

    def _harm_bets(self, block: Counts) -> Floats:
        return log_bets(self.harmful, 0.0, block)

    def _safe_bets(self, block: Counts) -> Floats:
        return log_bets(self.safe, self.limit, block)


def log_bets(log_ratios: Floats, limit: float, block: Counts) -> Floats:
    """Log of what a stake on each ratio is worth after a block, if the worst ratio allowed is exp(limit).

    Each factor is at most 1 on average for every ratio on the allowed side of the limit. On bad events alone: the
    chance that one is the candidate's is rho r / (1 - rho + rho r). On every outcome: with base rate p the ratio r
    means rates q1, q0 with rho q1 + (1 - rho) q0 = p, held against the rates within the limit that are nearest.
    """
    rho, p = block.share, block.base_rate
    if not 0 < rho < 1:
        return np.zeros(log_ratios.shape)
    bad1, bad0 = _column(block.candidate_bad), _column(block.champion_bad)
    if p is None:
        gain = log_likelihood(log_ratios, bad1, bad1 + bad0, rho)
        return gain - log_likelihood(np.array([limit]), bad1, bad1 + bad0, rho) if limit else gain
    q1, q0 = rates_of(log_ratios, rho, _column(p))
    ratio = math.exp(limit)
    null0 = null_rate(q1, q0, rho, 1 - rho, ratio)
    null1 = ratio * null0
    good1, good0 = _column(block.candidate) - bad1, _column(block.champion) - bad0
    return np.asarray(
        bad1 * np.log(q1 / null1)
        + bad0 * np.log(q0 / null0)
        + good1 * np.log((1 - q1) / (1 - null1))
        + good0 * np.log((1 - q0) / (1 - null0))
    )


def _counts_of(share: float, counts: Ints, base_rate: Any) -> Counts:
    candidate, champion, candidate_bad, champion_bad = counts.T
    return Counts(share, candidate, champion, candidate_bad, champion_bad, base_rate)


def rates_of(log_ratios: Floats, share: float, base_rate: Any) -> tuple[Floats, Floats]:
    """Rates of candidate and champion that together give the base rate, with r times the rate or 1/r of the rest."""
    ratio = np.exp(log_ratios)
    champion = base_rate / (1 + share * (ratio - 1))
    candidate = np.minimum(ratio * champion, 1 - (1 - base_rate) / np.maximum(ratio, 1.0))
    candidate = np.where(ratio > 1, candidate, ratio * champion)
    champion = (base_rate - share * candidate) / (1 - share)
    most = 1 - (1 - base_rate) * np.minimum(ratio, 1.0)
    champion = np.where(ratio < 1, np.minimum(champion, most), champion)
    return (base_rate - (1 - share) * champion) / share, champion


def null_rate(q1: Any, q0: Any, n1: float, n0: float, ratio: float) -> Any:
    """Champion's rate p0 that explains rates q1, q0 of n1, n0 events best while the candidate's is ratio * p0.

    Source: Farrington & Manning, Statistics in Medicine 1990.
    """
    x1, x0 = n1 * q1, n0 * q0
    a, b, c = ratio * (n1 + n0), -(ratio * (n1 + x0) + x1 + n0), x1 + x0
    return 2 * c / (-b + np.sqrt(b * b - 4 * a * c))


def _harmful(margin: float, harm: Harm, hint: float | None) -> tuple[Floats, Floats]:
    """Log ratios that would be harm, from the margin up, evenly spread in their logs; and their weights."""
    amounts = np.geomspace(math.log1p(margin), harm.top, HARM_POINTS)
    points = np.concatenate([amounts, -amounts]) if harm is Harm.EITHER else harm * amounts
    weights = np.ones(points.size)
    if hint is not None:
        points = np.append(points, math.log1p((harm or 1) * hint))
        weights = np.append(weights, weights.sum())
    return points, weights


def _safe(margin: float, harm: Harm) -> tuple[Floats, Floats]:
    """Log ratios that would be no harm: "equal", counted as often as all others together, and better ones."""
    better = np.geomspace(math.log1p(margin / 2), SAFE_TOP, SAFE_POINTS)
    return np.append(0.0, -(harm or 1) * better), np.append(float(SAFE_POINTS), np.ones(SAFE_POINTS))


def _column(counts: Any) -> Any:
    """Counts of many runs as a column beside the row of alternatives; one run's as they are."""
    return counts[:, None] if isinstance(counts, np.ndarray) and counts.ndim else counts
