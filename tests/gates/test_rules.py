"""Rules refuse nonsense, and share out the chance of error."""

import math

import pytest

from greenramp.gates import Budget, DriftRule, LatencyRule, RateRule, Role, SizeRule


def rule(**changes):
    given = {"name": "errors", "bad": "requests failed", "role": Role.GUARD, "margin": 0.2, "max_rate": 0.05}
    return RateRule(**{**given, "min_requests": 100, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"margin": 0.0}, "margin", id="margin zero"),
        pytest.param({"margin": -0.1}, "margin", id="margin negative"),
        pytest.param({"margin": math.nan}, "margin", id="margin not a number"),
        pytest.param({"margin": math.inf}, "margin", id="margin without end"),
        pytest.param({"max_rate": 0.0}, "max_rate", id="limit zero"),
        pytest.param({"max_rate": 1.0}, "max_rate", id="limit that allows everything"),
        pytest.param({"max_rate": math.nan}, "max_rate", id="limit not a number"),
        pytest.param({"margin": None, "max_rate": None}, "margin or max_rate", id="nothing to judge by"),
        pytest.param({"min_requests": 0}, "min_requests", id="passes on nothing"),
        pytest.param({"floor": 1.5}, "floor", id="floor above one"),
        pytest.param({"floor": 0.01, "margin": None}, "floor", id="floor without margin"),
        pytest.param({"floor": 0.05}, "below max_rate", id="floor at the limit"),
        pytest.param({"name": " "}, "name", id="no name"),
        pytest.param({"bad": ""}, "words", id="no words"),
        pytest.param({"weight": 0.0}, "weight", id="no weight"),
        pytest.param({"weight": math.inf}, "weight", id="weight without end"),
    ],
)
def test_a_rule_refuses_nonsense_and_says_what(changes, words):
    with pytest.raises(ValueError, match=words):
        rule(**changes)


@pytest.mark.parametrize("chance", [0.0, 1.0, -0.1, math.nan])
def test_a_budget_refuses_what_is_no_chance(chance):
    with pytest.raises(ValueError, match="alpha"):
        Budget(alpha=chance)
    with pytest.raises(ValueError, match="beta"):
        Budget(beta=chance)


def test_alpha_is_shared_among_the_rules_that_can_stop_a_release():
    rules = [rule(role=Role.GUARD), rule(role=Role.REQUIRE), rule(role=Role.OBSERVE), rule(role=Role.GUARD)]
    assert [Budget(alpha=0.06).alpha_of(r, rules) for r in rules[:2]] == pytest.approx([0.02, 0.02])


def test_alpha_is_whole_when_no_rule_can_stop_a_release():
    observer = rule(role=Role.OBSERVE)
    assert Budget().alpha_of(observer, [observer]) == 0.05


def test_a_rule_of_double_weight_has_double_the_chance():
    light, heavy = rule(), rule(weight=2.0)
    budget = Budget(alpha=0.06)
    assert budget.alpha_of(light, [light, heavy]) == pytest.approx(0.02)
    assert budget.alpha_of(heavy, [light, heavy]) == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        pytest.param(LatencyRule, {"role": Role.REQUIRE}, "needs a margin", id="proof without margin"),
        pytest.param(LatencyRule, {"margin": -1.0}, "margin", id="margin negative"),
        pytest.param(SizeRule, {"margin": 0.0}, "margin", id="margin zero"),
        pytest.param(DriftRule, {"tolerance": 1.0}, "tolerance", id="tolerates everything"),
        pytest.param(DriftRule, {"tolerance": math.nan}, "tolerance", id="tolerance not a number"),
    ],
)
def test_rules_on_numbers_refuse_nonsense_too(kind, changes, words):
    with pytest.raises(ValueError, match=words):
        kind(**{"name": "gate", "role": Role.GUARD, "min_requests": 1, **changes})
