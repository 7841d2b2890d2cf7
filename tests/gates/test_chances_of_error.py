"""How often the tests err, and how fast they see: full enumeration, and seeded draws."""

import math

import numpy as np
import pytest

from greenramp.gates.likelihood import log_likelihood, log_mean_exp
from greenramp.gates.one_rate import OneRate
from greenramp.gates.rate_gate import Harm, RateGate

RATES = [0.005, 0.02, 0.05, 0.1, 0.3]


def chances(trials, rate):
    """Chance of 0, 1, ... `trials` bad events."""
    counts = range(trials + 1)
    return np.array([math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in counts])


def mean_evidence(ratios, at, sizes, rates):
    """Mean, over all outcomes of one batch, of the evidence for `ratios` against the ratio `at`; logs of ratios."""
    (candidate, champion), (rate, champion_rate) = sizes, rates
    hits, misses = np.arange(candidate + 1)[:, None], np.arange(champion + 1)[None, :]
    logs = log_likelihood(np.append(ratios, at)[:, None, None], hits, hits + misses, candidate / (candidate + champion))
    evidence = np.exp(log_mean_exp(logs[:-1] - logs[-1]))
    return chances(candidate, rate) @ evidence @ chances(champion, champion_rate)


@pytest.mark.parametrize("sizes", [(5, 95), (50, 50)], ids=["small share", "half"])
@pytest.mark.parametrize("rate", RATES)
def test_evidence_of_harm_is_at_most_one_on_average_when_there_is_none(sizes, rate):
    for better in (1.0, 0.8, 0.3):
        assert mean_evidence(RateGate(0.05).harmful(), 0.0, sizes, (better * rate, rate)) <= 1 + 1e-9
        assert mean_evidence(RateGate(0.05, Harm.DOWN).harmful(), 0.0, sizes, (rate, better * rate)) <= 1 + 1e-9


@pytest.mark.parametrize("sizes", [(5, 95), (50, 50)], ids=["small share", "half"])
@pytest.mark.parametrize("rate", RATES)
def test_evidence_of_safety_is_at_most_one_on_average_at_the_margin_and_beyond(sizes, rate):
    gate = RateGate(0.2)
    for ratio in (1.2, 1.5, 3.0):
        assert mean_evidence(gate.safe(), gate.limit(), sizes, (ratio * rate, rate)) <= 1 + 1e-9


def test_evidence_is_nearly_one_on_average_for_rare_events_so_little_is_given_away():
    assert mean_evidence(RateGate(0.05).harmful(), 0.0, (5, 95), (0.005, 0.005)) > 0.99


@pytest.mark.parametrize("rate", RATES)
def test_evidence_against_a_limit_is_at_most_one_on_average_while_it_holds(rate):
    gate = OneRate(rate)
    above = np.exp([gate.log_above(bad, 60) for bad in range(61)])
    below = np.exp([gate.log_below(bad, 60) for bad in range(61)])
    assert chances(60, rate) @ above == pytest.approx(1)
    assert chances(60, rate) @ below == pytest.approx(1)
    assert chances(60, 0.7 * rate) @ above < 1
    assert chances(60, 1.3 * rate) @ below < 1


def ever_reached(ratios, hits, trials, share, at=0.0):
    """Whether each run (row) ever reaches evidence of 20 to 1, looked at after every entry."""
    top = np.full(len(hits), -np.inf)
    for k in range(hits.shape[1]):
        logs = log_likelihood(np.append(ratios, at)[:, None], hits[:, k], trials[:, k], share)
        top = np.maximum(top, log_mean_exp(logs[:-1] - logs[-1]))
    return top >= math.log(20)


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_an_equal_candidate_is_sent_back_in_at_most_one_release_of_twenty(share):
    """A thousand bad events, looked at after each; given a bad event, only chance says whose it is."""
    runs, bad = 1000, 1000
    hits = (np.random.default_rng(7).random((runs, bad)) < share).cumsum(axis=1)
    trials = np.broadcast_to(np.arange(1, bad + 1), hits.shape)
    false = ever_reached(RateGate(0.05).harmful(), hits, trials, share).mean()
    assert 0 < false <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_a_candidate_at_the_margin_is_passed_in_at_most_one_release_of_twenty():
    runs, bad, share, gate = 1000, 1000, 0.25, RateGate(0.5)
    hits = (np.random.default_rng(11).random((runs, bad)) < share * 1.5 / (1 + share * 0.5)).cumsum(axis=1)
    trials = np.broadcast_to(np.arange(1, bad + 1), hits.shape)
    false = ever_reached(gate.safe(), hits, trials, share, gate.limit()).mean()
    assert 0 < false <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_four_times_the_errors_are_seen_within_four_hundred_candidate_requests():
    """Errors of 0.5 % rise to 2 % at a 5 % share; a look every 100 requests; median and 95 of 100 runs."""
    draw, runs, looks = np.random.default_rng(3), 1000, 500
    candidate = draw.binomial(100, 0.05, (runs, looks))
    hits = draw.binomial(candidate, 0.02).cumsum(axis=1)
    trials = hits + draw.binomial(100 - candidate, 0.005).cumsum(axis=1)
    ratios, needed = RateGate(0.05).harmful()[:, None], np.full(runs, np.inf)
    for look, requests in reversed(list(enumerate(candidate.cumsum(axis=1).T))):
        reached = log_mean_exp(log_likelihood(ratios, hits[:, look], trials[:, look], 0.05)) >= math.log(20)
        needed[reached] = requests[reached]
    assert np.median(needed) <= 400
    assert np.quantile(needed, 0.95) <= 1200
