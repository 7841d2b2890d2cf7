"""The one formula under both tests: how well an odds ratio explains who got the bad events."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = int | npt.NDArray[np.int64]


def log_likelihood(log_ratio: Floats, hits: Counts, trials: Counts, chance: float) -> Floats:
    """Log likelihood that `hits` of `trials` came up at `chance` times a ratio, over that at `chance` alone.

    log_ratio: natural logs of the ratio r by which the odds of a hit are multiplied.
    hits, trials: counts; any shapes that broadcast with `log_ratio`.
    chance: in (0, 1): chance of a hit when r is 1.
    Returns hits * log r - trials * log(1 + chance * (r - 1)), which is concave in log r and 0 at r = 1.
    Source: Lindon & Malek, NeurIPS 2022 (arXiv 2011.03567).
    """
    return hits * log_ratio - trials * np.log1p(chance * np.expm1(log_ratio))


def log_mean_exp(logs: Floats) -> Floats:
    """Log of the mean of exp(logs) over the first axis, without overflow."""
    top = logs.max(axis=0)
    return np.asarray(top + np.log(np.exp(logs - top).mean(axis=0)), dtype=np.float64)
