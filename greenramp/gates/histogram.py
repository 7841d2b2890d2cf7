"""Counts of positive numbers in fixed bins, evenly spread in their logs: constant memory, any number of values."""

from __future__ import annotations

import math

import numpy as np

from greenramp.gates.likelihood import Floats

BINS = 800
LOWEST, HIGHEST = 1e-2, 1e6
"""With 800 bins over eight decades a bin is 2.3 % wide; what lies outside is in the first or the last."""

_PER_LOG = BINS / math.log(HIGHEST / LOWEST)

Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def bin_of(values: Floats) -> Ints:
    """Number of each value's bin; values must be at least 0."""
    logs = np.log(np.clip(values, LOWEST, HIGHEST) / LOWEST)
    return np.minimum((logs * _PER_LOG).astype(np.int64), BINS - 1)


def counted(values: Floats) -> Ints:
    """How many of the values lie in each bin."""
    return np.bincount(bin_of(values), minlength=BINS)


def quantile(counts: Ints, share: float) -> float:
    """Value that at least this share of the counted values lie below: the upper end of its bin."""
    number = int(np.searchsorted(np.cumsum(counts), share * counts.sum()))
    return LOWEST * math.exp((min(number, BINS - 1) + 1) / _PER_LOG)


def mid_ranks(counts: Ints) -> Floats:
    """For each bin, the share of the counted values below it plus half of those in it, in (0, 1)."""
    below = np.cumsum(counts) - counts
    return np.asarray((below + 0.5 * counts + 0.5) / (counts.sum() + 1))
