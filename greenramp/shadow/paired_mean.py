"""Is the mean of one number per pair above, or below, a limit? A sequential z-test in constant memory.

The half-normal mixture of greenramp.gates.mean_gate for one sample: pairs differ from each other by much less than
their requests do. Its error rate holds in the limit of many pairs, so it waits for ENOUGH of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from greenramp.gates.likelihood import Floats
from greenramp.gates.mean_gate import ENOUGH, log_normal_mixture

_LEAST_SPREAD = 0.1  # in parts of the harm that matters: pairs that are all alike so far may not be so for ever


@dataclass
class PairedMean:
    """Count, mean, and squares about the mean."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def update(self, values: Floats) -> None:
        """Take in a batch. Source: Chan, Golub & LeVeque 1983."""
        if not values.size:
            return
        mean, total = float(values.mean()), self.count + values.size
        apart = mean - self.mean
        self.squares += float(((values - mean) ** 2).sum()) + apart**2 * self.count * values.size / total
        self.mean += apart * values.size / total
        self.count = total

    def log_above(self, limit: float, scale: float) -> float:
        """Evidence (natural log) that the mean is above the limit; sharpest for means `scale` above it."""
        return self._log_odds(self.mean - limit, scale)

    def log_below(self, limit: float, scale: float) -> float:
        """Evidence (natural log) that the mean is below the limit."""
        return self._log_odds(limit - self.mean, scale)

    def _log_odds(self, apart: float, scale: float) -> float:
        if self.count < ENOUGH or not scale > 0:
            return 0.0
        variance = max(self.squares * self.count / (self.count - 1), self.count * (scale * _LEAST_SPREAD) ** 2)
        found = float(log_normal_mixture(self.count * apart, variance, (variance / (scale * self.count)) ** 2))
        return found if math.isfinite(found) else 0.0


def clipped(values: Floats, most: float) -> Floats:
    """Values no larger than `most` in size, so that one wild number decides nothing."""
    return np.clip(values, -most, most)
