"""Wanted events: fewer of them is found, late ones and equal ones do no harm, and nobody has to tell of the others."""

import json
import math

import numpy as np
import pytest

from greenramp.gates import Budget, ConversionSeries, RateRule, Role, judge
from greenramp.gates.events import Events
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.verdict import Outcome

RULE = RateRule("clicks", Role.GUARD, 50, bad="requests converted", margin=0.05, fewer=True)


def clicked(series, draw, requests, share, rate, ratio, late=0):
    """Requests of both sides, and which of them were clicked; the clicks are told after `late` further requests."""
    mine = draw.random(requests) < share
    series.ask(np.full(requests, share), mine)
    came = np.flatnonzero(draw.random(requests) < np.where(mine, rate * ratio, rate))
    return [(share, bool(mine[n]), True, n / 100, 0) for n in came]


def run(seed, ratio, looks=400, shares=(0.05, 0.25, 0.5)):
    """Candidate's requests until clicks that are `ratio` times the champion's fail; inf when they never do."""
    draw, series, told = np.random.default_rng(seed), ConversionSeries(0.05, 600.0), []
    for look in range(looks):
        told.append(clicked(series, draw, 500, shares[len(shares) * look // looks], 0.05, ratio))
        if len(told) > 10:  # clicks come late, with the share their request had
            series.add(Events.of(told.pop(0)))
        if series.log_against() >= math.log(20):
            return series.evidence.candidate
    return math.inf


def test_equal_sides_are_rarely_called_worse_though_clicks_come_late_while_the_share_grows():
    false = sum(run(seed, 1.0) < math.inf for seed in range(60))
    assert false <= 7  # of 60 with a chance of 5 % each: more happens once in 2,000 times


def test_fifteen_percent_fewer_clicks_are_found():
    found = [run(seed, 0.85) for seed in range(20)]
    assert max(found) < math.inf
    assert np.median(found) < 12_000


def test_more_clicks_are_no_harm():
    assert run(1, 1.3) == math.inf


def test_requests_are_counted_for_people_and_bet_on_by_nobody():
    series = ConversionSeries(0.05, 600.0)
    series.ask(np.array([0.25, 0.25, 0.5]), np.array([True, False, True]))
    assert series.evidence == Evidence((Stratum(0.25, 1, 1), Stratum(0.5, 1, 0)))
    assert series.log_against() == 0.0
    series.add(Events.of([(0.25, True, True, 1.0, 0)]))
    assert series.evidence == Evidence((Stratum(0.25, 1, 1, 1, 0), Stratum(0.5, 1, 0)))


def test_a_user_counts_once_however_often_they_click():
    series = ConversionSeries(0.05, 600.0)
    series.ask(np.full(3, 0.5), np.array([True, True, False]))
    series.add(Events.of([(0.5, True, True, float(n), 7) for n in range(3)]))
    assert series.evidence.candidate_bad == 1


def test_kept_and_gone_on_from_it_says_the_same():
    draw = np.random.default_rng(3)
    whole, part = ConversionSeries(0.05, 600.0), ConversionSeries(0.05, 600.0)
    first = clicked(whole, draw, 5000, 0.25, 0.05, 0.8)
    part._asked = dict(whole._asked)
    whole.add(Events.of(first))
    part.add(Events.of(first[: len(first) // 2]))
    resumed = ConversionSeries(0.05, 600.0).restore(json.loads(json.dumps(part.state())))
    resumed.add(Events.of(first[len(first) // 2 :]))
    assert resumed.state() == whole.state()


def test_the_verdict_says_fewer():
    draw, series = np.random.default_rng(5), ConversionSeries(0.05, 600.0)
    series.add(Events.of(clicked(series, draw, 40_000, 0.5, 0.05, 0.7)))
    alpha = Budget().alpha_of(RULE, [RULE])
    verdict = judge(RULE, series, alpha, 0.05, this_step=20_000)
    assert verdict.outcome is Outcome.FAIL
    assert "requests converted" in verdict.sentence
    assert "0.7" in verdict.sentence.split(" times as often")[0]


def test_a_proof_says_fewer_than_what():
    draw, series = np.random.default_rng(6), ConversionSeries(0.2, 600.0)
    series.add(Events.of(clicked(series, draw, 40_000, 0.5, 0.05, 1.0)))
    rule = RateRule("clicks", Role.REQUIRE, 50, bad="requests converted", margin=0.2, fewer=True)
    verdict = judge(rule, series, 0.05, 0.05, this_step=20_000)
    assert verdict.outcome is Outcome.PASS
    assert "evidence of less than 20 % fewer" in verdict.sentence


@pytest.mark.parametrize("wrong", [{"margin": None, "max_rate": 0.1}, {"margin": 1.5}, {"max_rate": 0.1}])
def test_what_is_wanted_has_no_limit(wrong):
    with pytest.raises(ValueError, match="margin below 1"):
        RateRule(
            **{"name": "c", "role": Role.GUARD, "min_requests": 1, "bad": "b", "margin": 0.1, "fewer": True, **wrong}
        )
