"""A service's gates become rules, and share one budget of error."""

import pytest

from greenramp.config import Service
from greenramp.evidence import Evidence, Stratum
from greenramp.gates import Role
from greenramp.rules import judge_all, rule_of
from greenramp.verdict import Outcome


def plan(*gates, **changes):
    return Service.model_validate({"model": "fraud", "gates": list(gates), **changes})


ERRORS = {"name": "errors", "metric": "errors", "margin": 0.5, "min_requests": 20}
SLOW = {"name": "latency", "metric": "slow", "slower_than_ms": 100, "max_rate": 0.1, "role": "require"}
WRONG = {"name": "accuracy", "metric": "wrong", "margin": 0.1, "floor": 0.02, "role": "observe"}

GOOD = Evidence((Stratum(0.5, 200, 200, 2, 2),))
BAD = Evidence((Stratum(0.5, 200, 200, 60, 2),))


@pytest.mark.parametrize(
    ("gate", "bad", "role"),
    [
        pytest.param(ERRORS, "requests failed", Role.GUARD, id="errors"),
        pytest.param(SLOW, "requests slower than 100 ms", Role.REQUIRE, id="slow"),
        pytest.param({**SLOW, "slower_than_ms": 0.5}, "requests slower than 0.5 ms", Role.REQUIRE, id="very fast"),
        pytest.param(WRONG, "answers wrong", Role.OBSERVE, id="wrong"),
    ],
)
def test_a_gate_becomes_a_rule_that_says_what_it_counts(gate, bad, role):
    rule = rule_of(plan(gate).gates[0])
    assert (rule.name, rule.bad, rule.role) == (gate["name"], bad, role)
    wanted = (gate.get("margin"), gate.get("max_rate"), gate.get("floor"), gate.get("min_requests", 50))
    assert (rule.margin, rule.max_rate, rule.floor, rule.min_requests) == wanted


def test_every_gate_answers_in_the_order_of_the_file():
    given = plan(ERRORS, SLOW, WRONG)
    evidence = {"errors": BAD, "latency": Evidence(), "accuracy": BAD}
    verdicts = judge_all(given, evidence, {"errors": 200, "latency": 0, "accuracy": 200})
    assert [(v.gate, v.outcome) for v in verdicts] == [
        ("errors", Outcome.FAIL),
        ("latency", Outcome.UNSURE),
        ("accuracy", Outcome.PASS),  # observed only
    ]


def test_the_chance_of_a_false_rollback_is_shared_by_the_gates_that_can_cause_one():
    def needed(*gates):
        evidence = dict.fromkeys((g["name"] for g in gates), GOOD)
        verdict = judge_all(plan(*gates), evidence, dict.fromkeys(evidence, 200))[0]
        return 10 ** verdict.numbers["log10_against_needed"]

    assert needed(ERRORS) == pytest.approx(20)
    assert needed(ERRORS, WRONG) == pytest.approx(20)  # one that only observes takes no part
    assert needed(ERRORS, {**ERRORS, "name": "more"}) == pytest.approx(40)


def test_the_chances_are_those_of_the_file():
    strict = plan({**ERRORS, "role": "require"}, max_false_rollback=0.001, max_false_promotion=0.01)
    (verdict,) = judge_all(strict, {"errors": GOOD}, {"errors": 200})
    assert 10 ** verdict.numbers["log10_against_needed"] == pytest.approx(1000)
    assert 10 ** verdict.numbers["log10_for_needed"] == pytest.approx(100)


def test_requests_of_earlier_steps_do_not_let_this_one_pass():
    (early,) = judge_all(plan(ERRORS), {"errors": GOOD}, {"errors": 19})
    (enough,) = judge_all(plan(ERRORS), {"errors": GOOD}, {"errors": 20})
    assert (early.outcome, enough.outcome) == (Outcome.UNSURE, Outcome.PASS)
