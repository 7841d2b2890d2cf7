"""The candidate's own rate against a limit: known values, and laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.gates.one_rate import OneRate, rate_interval

COUNTS = st.integers(0, 5000).flatmap(lambda seen: st.tuples(st.integers(0, seen), st.just(seen)))


def test_evidence_equals_the_published_value():
    assert OneRate(0.01).log_above(22, 1000) == pytest.approx(3.881077696517, abs=1e-11)


def test_nothing_seen_is_evidence_of_nothing():
    assert (OneRate(0.01).log_above(0, 0), OneRate(0.01).log_below(0, 0)) == (0, 0)
    assert rate_interval(0, 0, 0.05) == (0, 1)


@pytest.mark.parametrize("bad", [0, 1, 22, 62, 100])
def test_ends_of_the_interval_are_beaten_by_the_mixture_exactly_one_over_alpha_times(bad):
    """Robbins' interval ends where p^k (1 - p)^(n - k) = alpha * its mean under the arcsine prior of p."""
    turns = (np.arange(20000) + 0.5) / 20000 * math.pi / 2
    mixture = np.mean(np.sin(turns) ** (2 * bad) * np.cos(turns) ** (2 * (100 - bad)))
    low, high = rate_interval(bad, 100, 0.05)
    for end in (low, high):
        if 0 < end < 1:
            assert end**bad * (1 - end) ** (100 - bad) == pytest.approx(0.05 * mixture)
    assert (low == 0, high == 1) == (bad == 0, bad == 100)


@settings(max_examples=100, deadline=None)
@given(COUNTS)
def test_interval_holds_the_observed_rate(counts):
    bad, seen = counts
    low, high = rate_interval(bad, seen, 0.05)
    assert 0 <= low <= (bad / seen if seen else 0.5) <= high <= 1


@settings(max_examples=100, deadline=None)
@given(COUNTS, st.floats(0.001, 0.999))
def test_the_same_counts_never_prove_both_sides(counts, max_rate):
    gate = OneRate(max_rate)
    assert min(gate.log_above(*counts), gate.log_below(*counts)) <= 0


@settings(max_examples=50, deadline=None)
@given(COUNTS, st.floats(0.001, 0.999))
def test_one_more_bad_answer_never_helps(counts, max_rate):
    (bad, seen), gate = counts, OneRate(max_rate)
    assert gate.log_above(bad + 1, seen + 1) > gate.log_above(bad, seen)
    assert gate.log_below(bad + 1, seen + 1) < gate.log_below(bad, seen)
