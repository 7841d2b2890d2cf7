"""A batch of counts whose share is its own: all its outcomes, enumerated."""

import math

import numpy as np
import pytest

from greenramp.gates.rate_gate import Counts, RateGate, log_bets


def chances(trials, p):
    """Chance of 0, 1, ... `trials` bad events."""
    return np.array([math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(trials + 1)])


@pytest.mark.parametrize("sizes", [(1, 19), (5, 95), (50, 50)])
@pytest.mark.parametrize("base_rate", [None, 0.1, 0.3])
@pytest.mark.parametrize("rate", [0.005, 0.1, 0.3])
def test_a_batch_of_equal_sides_is_worth_at_most_one_on_average_over_all_its_outcomes(sizes, base_rate, rate):
    n1, n0 = sizes
    for better in (1.0, 0.5):
        mean = 0.0
        for bad1, chance in enumerate(chances(n1, better * rate)):
            bad0 = np.arange(n0 + 1)
            block = Counts(n1 / (n1 + n0), n1, n0, np.full(n0 + 1, bad1), bad0, base_rate)
            mean += chance * chances(n0, rate) @ np.exp(log_bets(RateGate(0.2).harmful, 0.0, block))
        assert mean.max() <= 1 + 1e-9
