"""A service's gates become rules, and share one budget of error."""

import pytest

from greenramp.config import Service
from greenramp.gates import DriftRule, LatencyRule, Role, SizeRule
from greenramp.judging.rules import SHARES, judge_all, rule_of
from greenramp.measures.counting import Counting
from greenramp.measures.requestcolumns import requests_of
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome


def plan(*gates, **changes):
    return Service.model_validate({"model": "fraud", "gates": list(gates), **changes})


ERRORS = {"name": "errors", "metric": "errors", "margin": 0.5, "min_requests": 20}
SLOW = {"name": "latency", "metric": "slow", "slower_than_ms": 100, "max_rate": 0.1, "role": "require"}
WRONG = {"name": "accuracy", "metric": "wrong", "margin": 0.1, "floor": 0.02, "role": "observe"}
TIMES = {"name": "times", "metric": "latency", "margin": 0.2}
SIZES = {"name": "sizes", "metric": "error_size", "margin": 0.02, "weight": 2.0}
DRIFT = {"name": "drift", "metric": "drift"}


def request(number, side, failed=False, ms=10.0, generation=5):
    return SeenRequest(
        ts=float(number),
        id=f"r{number}",
        user="",
        service="fraud",
        side=side,
        shared=True,
        failed=failed,
        answered=not failed,
        ms=ms,
        percent=50.0,
        generation=generation,
    )


def counted(given, bad_of_candidate=2, each=200, generation=5):
    """Both sides with as many requests; the candidate, and the champion with 2, fail in the beginning."""
    sums = Counting(given.gates, Side.GREEN, step_generation=5)
    rows = [
        request(2 * n + side, (Side.GREEN, Side.BLUE)[side], n < (bad_of_candidate, 2)[side], generation=generation)
        for n in range(each)
        for side in (0, 1)
    ]
    sums.add_requests(requests_of(rows))
    return sums


@pytest.mark.parametrize(
    ("gate", "bad", "role"),
    [
        pytest.param(ERRORS, "requests failed", Role.GUARD, id="errors"),
        pytest.param(SLOW, "requests slower than 100 ms", Role.REQUIRE, id="slow"),
        pytest.param({**SLOW, "slower_than_ms": 0.5}, "requests slower than 0.5 ms", Role.REQUIRE, id="very fast"),
        pytest.param(WRONG, "answers wrong", Role.OBSERVE, id="wrong"),
        pytest.param({**ERRORS, "unit": "user"}, "users had a failed request", Role.GUARD, id="users"),
        pytest.param({**WRONG, "unit": "user"}, "users had a wrong answer", Role.OBSERVE, id="wrong for users"),
    ],
)
def test_a_gate_becomes_a_rule_that_says_what_it_counts(gate, bad, role):
    rule = rule_of(plan(gate).gates[0])
    assert (rule.name, rule.bad, rule.role) == (gate["name"], bad, role)
    wanted = (gate.get("margin"), gate.get("max_rate"), gate.get("floor"), gate.get("min_requests", 50))
    assert (rule.margin, rule.max_rate, rule.floor, rule.min_requests) == wanted


def test_a_gate_on_numbers_becomes_a_rule_of_its_kind():
    times, sizes, drift = (rule_of(gate) for gate in plan(TIMES, SIZES, DRIFT).gates)
    assert (type(times), times.margin) == (LatencyRule, 0.2)
    assert (type(sizes), sizes.margin, sizes.weight) == (SizeRule, 0.02, 2.0)
    assert (type(drift), drift.tolerance) == (DriftRule, 0.1)


def test_every_gate_answers_in_the_order_of_the_file_and_the_router_last():
    given = plan(ERRORS, SLOW, WRONG, TIMES, SIZES, DRIFT)
    verdicts = judge_all(given, counted(given, bad_of_candidate=60))
    assert [(v.gate, v.outcome) for v in verdicts] == [
        ("errors", Outcome.FAIL),
        ("latency", Outcome.PASS),
        ("accuracy", Outcome.UNSURE),  # observed only, and silent
        ("times", Outcome.PASS),
        ("sizes", Outcome.UNSURE),
        ("drift", Outcome.UNAVAILABLE),  # 280 s of requests without any answer in the logs
        (SHARES, Outcome.PASS),
    ]


def test_the_chance_of_a_false_rollback_is_shared_by_the_gates_that_can_cause_one():
    def needed(*gates):
        given = plan(*gates)
        return 10 ** judge_all(given, counted(given))[0].numbers["log10_against_needed"]

    assert needed(ERRORS) == pytest.approx(20)
    assert needed(ERRORS, WRONG) == pytest.approx(20)  # one that only observes takes no part
    assert needed(ERRORS, {**ERRORS, "name": "more"}) == pytest.approx(40)
    assert needed(ERRORS, {**ERRORS, "name": "more", "weight": 3.0}) == pytest.approx(80)


def test_the_chances_are_those_of_the_file():
    strict = plan({**ERRORS, "role": "require"}, max_false_rollback=0.001, max_false_promotion=0.01)
    verdict = judge_all(strict, counted(strict))[0]
    assert 10 ** verdict.numbers["log10_against_needed"] == pytest.approx(1000)
    assert 10 ** verdict.numbers["log10_for_needed"] == pytest.approx(100)


def test_requests_of_earlier_steps_do_not_let_this_one_pass():
    given = plan(ERRORS)
    early, enough = counted(given, generation=4), counted(given)
    assert judge_all(given, early)[0].outcome is Outcome.UNSURE
    assert judge_all(given, enough)[0].outcome is Outcome.PASS


def test_a_router_that_shares_otherwise_than_told_makes_everything_invalid():
    given = plan(ERRORS)
    sums = counted(given)
    assert judge_all(given, sums)[-1].outcome is Outcome.PASS
    sums.add_requests(requests_of([request(n, Side.BLUE) for n in range(200)]))
    verdict = judge_all(given, sums)[-1]
    assert (verdict.gate, verdict.outcome) == (SHARES, Outcome.INVALID)
    assert verdict.sentence.startswith(
        "the router did not share as told: 200 of 600 draws were the candidate's, 50 % were meant to be; evidence"
    )


def test_before_any_shared_request_the_router_is_not_judged():
    given = plan(ERRORS)
    assert [v.gate for v in judge_all(given, Counting(given.gates, Side.GREEN, 5))] == ["errors"]


def test_where_proof_is_asked_for_later_an_early_step_passes_without_it():
    gate = {"name": "errors", "metric": "errors", "margin": 0.1, "role": "require", "min_requests": 1}
    given = Service.model_validate({"model": "digits", "gates": [{**gate, "proof_from_percent": 25}]})
    sums = counted(given)
    assert judge_all(given, sums, 5)[0].outcome is Outcome.PASS
    assert judge_all(given, sums, 25)[0].outcome is Outcome.UNSURE
    assert judge_all(given, sums)[0].outcome is Outcome.UNSURE
    needed = [judge_all(given, sums, share)[0].numbers["log10_against_needed"] for share in (5, 25)]
    assert needed[0] == needed[1]
