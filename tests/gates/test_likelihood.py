"""The likelihood under both tests."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.gates.likelihood import log_likelihood, log_mean_exp


def test_single_alternative_is_the_sum_written_out():
    twice = np.array([math.log(2)])
    assert log_likelihood(twice, 10, 100, 0.05)[0] == pytest.approx(2.052455388656, abs=1e-12)
    assert 10 * math.log(2) - 100 * math.log(1.05) == pytest.approx(2.052455388656, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.001, 0.999))
def test_likelihood_is_concave_and_zero_at_equality(hits, misses, chance):
    logs = log_likelihood(np.linspace(-3, 3, 61), hits, hits + misses, chance)
    assert logs[30] == pytest.approx(0, abs=1e-9)
    assert np.all(np.diff(logs, n=2) <= 1e-9)


def test_log_mean_exp_survives_what_exp_does_not():
    assert log_mean_exp(np.array([5000.0, 5000.0])) == pytest.approx(5000)
    assert log_mean_exp(np.array([-5000.0, -5000.0])) == pytest.approx(-5000)
