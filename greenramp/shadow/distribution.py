"""How both sides' numbers are spread, and how far the two distributions are surely apart; constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from greenramp.gates.drift_series import ks_reach
from greenramp.gates.likelihood import Floats

PLACES = 200
_APART = np.array([-10, -3, -1, -0.3, -0.1, -0.03, -0.01, -0.001, 0.001, 0.01, 0.03, 0.1, 0.3, 1, 3, 10])


@dataclass
class Distribution:
    """Counts of live's and the candidate's numbers between fixed places, and of their differences.

    edges: places, rising. apart: signed differences in parts of the champion's spread, between DIFFERENCES.
    """

    edges: list[float]
    counts: list[list[int]] = field(default_factory=list)
    apart: list[int] = field(default_factory=lambda: [0] * (_APART.size + 1))

    def __post_init__(self) -> None:
        if not self.counts:
            self.counts = [[0] * (len(self.edges) + 1) for _ in range(2)]

    def update(self, live: Floats, candidate: Floats, spread: float) -> None:
        """Take in a batch of pairs."""
        edges = np.array(self.edges)
        for side, values in enumerate((live, candidate)):
            added = np.bincount(np.searchsorted(edges, values), minlength=edges.size + 1)
            self.counts[side] = (np.array(self.counts[side]) + added).tolist()
        added = np.bincount(np.searchsorted(_APART, (candidate - live) / spread), minlength=_APART.size + 1)
        self.apart = (np.array(self.apart) + added).tolist()

    def distance(self, alpha: float) -> tuple[float, float, float]:
        """Largest difference of the two distribution functions (Kolmogorov-Smirnov), and its bounds.

        The bounds hold at every look together with chance >= 1 - alpha, also though the two sides answer the same
        requests. Source: Howard & Ramdas, Bernoulli 2022, Theorem 2, for each side.
        """
        total = sum(self.counts[0])
        if not total:
            return 0.0, 0.0, 1.0
        live, candidate = (np.cumsum(counts) / total for counts in self.counts)
        seen, reach = float(np.abs(live - candidate).max()), 2 * ks_reach(total, alpha / 2)
        return seen, max(seen - reach, 0.0), min(seen + reach, 1.0)

    def psi(self) -> float:
        """Population stability index over ten bins of the champion's numbers; for reports, never a verdict."""
        return psi_of(self.counts[0], self.counts[1])

    def differences(self) -> dict[str, Any]:
        """The histogram of differences: edges, and counts below, between and above them."""
        return {"edges": _APART.tolist(), "counts": list(self.apart)}


def places(values: Floats) -> list[float]:
    """Places at which the distributions are compared: quantiles of what came first on both sides."""
    return [float(v) for v in np.unique(np.quantile(values, np.linspace(0, 1, PLACES), method="lower"))]


def psi_of(live: Sequence[int], candidate: Sequence[int]) -> float:
    """Population stability index of counts; half a count is added to each of at most ten bins."""
    theirs, mine = np.array(live, dtype=float), np.array(candidate, dtype=float)
    if not mine.sum() or not theirs.sum():
        return 0.0
    tenth = np.minimum((np.cumsum(theirs) - theirs) / theirs.sum() * 10, 9).astype(int)
    a = (np.bincount(tenth, mine, 10) + 0.5) / (mine.sum() + 5)
    b = (np.bincount(tenth, theirs, 10) + 0.5) / (theirs.sum() + 5)
    return float(((a - b) * np.log(a / b)).sum())
