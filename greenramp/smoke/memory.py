"""Whether a server's memory keeps growing: what an allocator takes once is no leak."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

FEWEST_REQUESTS = 100
_FEWEST_SAMPLES, _MOST_SAMPLES = 8, 400


def growth_per_request(samples: Sequence[tuple[int, float]]) -> float | None:
    """MB that each request leaves behind; None when there is too little to tell.

    samples: (requests answered so far, MB), in order. Taken is the smaller slope of the two halves: a leak grows in
    both; caches that fill at first, or one large allocation, in one. Slopes are medians of the slopes between all pairs
    of samples, so that single jumps don't count.
    Source: Theil (1950), A rank-invariant method of linear regression; Sen (1968), JASA 63, 1379-1389.
    """
    if not samples or samples[-1][0] - samples[0][0] < FEWEST_REQUESTS:
        return None
    middle = (samples[0][0] + samples[-1][0]) / 2
    each = list(dict(samples).items())  # a request that took long was looked at many times
    each = each[:: 1 + len(each) // _MOST_SAMPLES]
    halves = [[s for s in each if s[0] < middle], [s for s in each if s[0] >= middle]]
    if min(map(len, halves)) < _FEWEST_SAMPLES:
        return None
    return min(map(_slope, halves))


def _slope(samples: Sequence[tuple[int, float]]) -> float:
    pairs = [(b[0] - a[0], b[1] - a[1]) for n, a in enumerate(samples) for b in samples[n + 1 :]]
    return median(rise / run for run, rise in pairs)
