"""How often the tests err, and how fast they see: full enumeration, and seeded draws."""

import itertools
import math

import numpy as np
import pytest

from greenramp.gates.events import Events
from greenramp.gates.likelihood import log_likelihood, log_mean_exp
from greenramp.gates.one_rate import OneRate
from greenramp.gates.rate_gate import Counts, Harm, RateGate, log_bets
from greenramp.gates.rate_series import RateSeries

SAFE = np.append(np.zeros(11), RateGate(0.2).safe[1:])  # "equal" counts as often as all others together
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
        assert mean_evidence(RateGate(0.05).harmful, 0.0, sizes, (better * rate, rate)) <= 1 + 1e-9
        assert mean_evidence(RateGate(0.05, Harm.DOWN).harmful, 0.0, sizes, (rate, better * rate)) <= 1 + 1e-9


@pytest.mark.parametrize("sizes", [(5, 95), (50, 50)], ids=["small share", "half"])
@pytest.mark.parametrize("rate", RATES)
def test_evidence_of_safety_is_at_most_one_on_average_at_the_margin_and_beyond(sizes, rate):
    gate = RateGate(0.2)
    for ratio in (1.2, 1.5, 3.0):
        assert mean_evidence(SAFE, gate.limit, sizes, (ratio * rate, rate)) <= 1 + 1e-9


def test_evidence_is_nearly_one_on_average_for_rare_events_so_little_is_given_away():
    assert mean_evidence(RateGate(0.05).harmful, 0.0, (5, 95), (0.005, 0.005)) > 0.99


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("base_rate", [0.1, 0.3, 0.9])
@pytest.mark.parametrize("harm", [Harm.UP, Harm.DOWN])
def test_each_outcome_bet_on_is_at_most_one_on_average_whatever_the_rate_is_believed_to_be(share, base_rate, harm):
    gate = RateGate(0.5, harm)
    for points, limit in ((gate.harmful, 0.0), (gate.safe, gate.limit)):
        better = (1.0, 0.7) if (harm is Harm.UP) == (limit == 0) else (1.0, 1.6)
        for rate, ratio in itertools.product([0.005, *RATES, 0.6], better):
            rates = min(rate * math.exp(limit) * ratio, 1.0), rate
            if rates[0] < 1:
                assert mean_of_one(points, limit, share, base_rate, rates).max() <= 1 + 1e-9


def mean_of_one(points, limit, share, base_rate, rates):
    """Mean of each stake after one request, whose side is drawn with `share`; for each ratio of `points`."""
    total = np.zeros(points.size)
    for side, bad in itertools.product((0, 1), (0, 1)):
        chance = (share, 1 - share)[side] * (rates[side] if bad else 1 - rates[side])
        mine = 1 - side
        block = Counts(share, mine, side, mine * bad, side * bad, base_rate)
        total += chance * np.exp(log_bets(points, limit, block))
    return total


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
    false = ever_reached(RateGate(0.05).harmful, hits, trials, share).mean()
    assert 0 < false <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_a_candidate_at_the_margin_is_passed_in_at_most_one_release_of_twenty():
    runs, bad, share, gate = 1000, 1000, 0.25, RateGate(0.5)
    safe = np.append(np.zeros(11), gate.safe[1:])
    hits = (np.random.default_rng(11).random((runs, bad)) < share * 1.5 / (1 + share * 0.5)).cumsum(axis=1)
    trials = np.broadcast_to(np.arange(1, bad + 1), hits.shape)
    false = ever_reached(safe, hits, trials, share, gate.limit).mean()
    assert 0 < false <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / runs)


def test_four_times_the_errors_are_seen_within_four_hundred_candidate_requests():
    """Errors of 0.5 % rise to 2 % at a 5 % share; a look every 100 requests; median and 95 of 100 runs."""
    draw, runs, looks = np.random.default_rng(3), 1000, 500
    candidate = draw.binomial(100, 0.05, (runs, looks))
    hits = draw.binomial(candidate, 0.02).cumsum(axis=1)
    trials = hits + draw.binomial(100 - candidate, 0.005).cumsum(axis=1)
    ratios, needed = RateGate(0.05).harmful[:, None], np.full(runs, np.inf)
    for look, requests in reversed(list(enumerate(candidate.cumsum(axis=1).T))):
        reached = log_mean_exp(log_likelihood(ratios, hits[:, look], trials[:, look], 0.05)) >= math.log(20)
        needed[reached] = requests[reached]
    assert np.median(needed) <= 400
    assert np.quantile(needed, 0.95) <= 1200


@pytest.mark.parametrize(("share", "requests"), [(0.05, 4), (0.25, 6), (0.5, 9)])
@pytest.mark.parametrize("champion_rate", [0.0, 0.01])
def test_an_outage_is_caught_within_a_few_candidate_requests_of_any_order(share, requests, champion_rate):
    """Every request of the candidate fails, of whatever kind the requests around it are; nine runs of ten."""
    draw, needed = np.random.default_rng(19), []
    for _ in range(200):
        series, mine = RateSeries(0.2, 600.0), 0
        while series.log_against() < math.log(20):
            candidate = bool(draw.random() < share)
            bad = candidate or bool(draw.random() < champion_rate)
            series.add(Events.of([(share, candidate, bad, 0.0, 0)]))
            mine += candidate
        needed.append(mine)
    assert np.median(needed) <= requests
    assert np.quantile(needed, 0.9) <= 2 * requests
