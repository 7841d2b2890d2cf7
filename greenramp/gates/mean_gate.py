"""Is the candidate's mean larger than the champion's? A sequential z-test over many small batches.

Per batch the difference of means, weighted by how much it knows; a half-normal mixture over its true size (Robbins
1970) in the one-sided form of Howard, Ramdas, McAuliffe & Sekhon 2021. The variance is that of both sides together:
separate ones are not safe for skewed numbers. Its error rate holds in the limit of many numbers, so it waits for
ENOUGH.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.likelihood import Floats

ENOUGH = 200
VERSION = 1


class MeanGate:
    """Compares two means; `margin` is the relative harm that matters. shape: of an array of independent runs."""

    def __init__(self, margin: float, shape: tuple[int, ...] = ()) -> None:
        if not 0 < margin < math.inf:
            raise ValueError(f"margin must be above 0, not {margin}")
        self._margin = margin
        self._sums = np.zeros(
            (7, *shape)
        )  # weight, difference, variance, difference and variance at the margin, n1, n0
        self._scale = np.full(shape, math.nan)  # harm that matters, fixed once the champion is known
        self._base = np.zeros(shape)

    def update(self, n1: Any, n0: Any, mean1: Any, mean0: Any, squares: Any) -> None:
        """Take in a batch: sizes and means of candidate and champion, and all squares about their own side's mean."""
        with np.errstate(over="ignore"):
            self._sums, self._base, self._scale = self._after(n1, n0, mean1, mean0, squares)

    def log_odds(self, batch: tuple[Any, Any, Any, Any, Any] | None = None) -> tuple[Any, Any]:
        """Evidence of harm, and of less harm than the margin; natural logs; with a batch that is not taken in."""
        with np.errstate(all="ignore"):  # numbers that are too large to be squared prove nothing
            sums, _, scale = self._after(*batch) if batch else (self._sums, self._base, self._scale)
            weight, difference, variance, shifted, shifted_variance, n1, _ = sums
            against = log_normal_mixture(difference, variance, (variance / (scale * weight)) ** 2)
            within = log_normal_mixture(shifted, shifted_variance, (shifted_variance / (scale * weight)) ** 2)
        enough = (n1 >= ENOUGH) & (scale > 0)
        against, within = (np.where(enough & np.isfinite(found), found, 0.0)[()] for found in (against, within))
        return against, within

    @property
    def known(self) -> bool:
        """Whether it has seen enough to say anything."""
        return bool(self._sums[5] >= ENOUGH)

    def _after(self, n1: Any, n0: Any, mean1: Any, mean0: Any, squares: Any) -> tuple[Floats, Floats, Floats]:
        both = (n1 > 0) & (n0 > 0) & (n1 + n0 > 2)
        some1, some0 = np.maximum(n1, 1), np.maximum(n0, 1)
        weight = np.where(both, n1 * n0 / (some1 + some0), 0.0)
        variance = squares / np.maximum(n1 + n0 - 2, 1)
        stretch = 1 + self._margin
        terms = [
            weight,
            weight * (mean1 - mean0),
            weight**2 * variance * (1 / some1 + 1 / some0),
            weight * (stretch * mean0 - mean1),
            weight**2 * variance * (1 / some1 + stretch**2 / some0),
            n1,
            n0,
        ]
        sums = self._sums + np.array(
            [np.broadcast_to(np.asarray(t, dtype=np.float64), self._base.shape) for t in terms]
        )
        base = self._base + n0 * mean0
        fix = np.isnan(self._scale) & (sums[6] >= ENOUGH)
        return sums, base, np.where(fix, self._margin * base / np.maximum(sums[6], 1), self._scale)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        scale = None if math.isnan(float(self._scale)) else float(self._scale)
        return {"v": VERSION, "sums": self._sums.tolist(), "base": float(self._base), "scale": scale}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a gate that was made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this gate")
        self._sums, self._base = np.array(state["sums"]), np.asarray(state["base"])
        self._scale = np.asarray(math.nan if state["scale"] is None else state["scale"])
        return self


def log_normal_mixture(total: Any, variance: Any, prior: Any) -> Any:
    """Log of the one-sided normal mixture: evidence that a sum with this variance has a mean above 0.

    prior: variance at which the test is sharpest, up to a factor (`rho` in confseq's normal_log_mixture).
    """
    z = total / np.sqrt(variance + prior)
    return math.log(2) + 0.5 * np.log(prior / (variance + prior)) + z**2 / 2 + _log_normal_cdf(z)


def _log_normal_cdf(z: Any) -> Any:
    """Log of the standard normal distribution function; below -8 by its asymptotic series."""
    z = np.asarray(z, dtype=np.float64)
    near = np.vectorize(math.erfc, otypes=[np.float64])(-np.maximum(z, -8.0) / math.sqrt(2)) / 2
    low = np.minimum(z, -8.0)
    tail = -(low**2) / 2 - np.log(-low) - 0.5 * math.log(2 * math.pi) + np.log1p(-1 / low**2 + 3 / low**4)
    return np.where(z < -8.0, tail, np.log(near))
