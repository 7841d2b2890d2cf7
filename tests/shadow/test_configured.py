"""What a service's file says of its shadow step is what judges it."""

from dataclasses import fields

import pytest
from pydantic import ValidationError

from greenramp.config import Service, Shadow
from greenramp.shadow.configured import rules_of
from greenramp.shadow.kinds import Kind
from greenramp.shadow.rules import PROVABLE, ShadowRules, Test

GATE = {"name": "errors", "metric": "errors", "margin": 0.2}


def service(**shadow):
    return Service.model_validate({"model": "digits", "gates": [GATE], "max_false_rollback": 0.02, "shadow": shadow})


def test_the_defaults_are_rules():
    rules = rules_of(service())
    assert (rules.max_disagreement, rules.require, rules.alpha, rules.copied) == (0.1, (Test.AGREEMENT,), 0.02, 1.0)


def test_every_rule_can_be_set_in_the_file():
    unlike = {
        "percent": 40.0, "max_disagreement": 0.3, "max_slice_disagreement": 0.4, "same_within": 0.5, "threshold": 0.6,
        "top": 3, "max_difference": 0.7, "max_distance": 0.8, "max_invalid": 0.02, "error_margin": 0.9,
        "latency_margin": 0.4, "latency_budget_ms": 50.0, "max_over_budget": 0.05, "labels": True,
        "max_accuracy_drop": 0.03, "max_error_growth": 0.2, "max_unpaired": 0.3, "min_pairs": 17,
        "require": ["errors"], "answers": "numbers", "silence_seconds": 4.0,
    }  # fmt: skip
    rules, usual = rules_of(service(**unlike)), ShadowRules()
    same = {f.name for f in fields(ShadowRules) if getattr(rules, f.name) == getattr(usual, f.name)}
    assert same == {"beta"}
    assert (rules.copied, rules.answers, rules.require) == (0.4, Kind.NUMBERS, (Test.ERRORS,))


def test_what_may_be_required_and_what_answers_may_be_are_those_that_there_are():
    schema = Shadow.model_json_schema()["$defs"]
    assert set(schema["Proof"]["enum"]) == {test.value for test in PROVABLE}
    assert set(schema["Answers"]["enum"]) == {kind.value for kind in Kind}


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": 0},
        {"min_seconds": 60, "deadline_seconds": 30},
        {"require": ["slices"]},
        {"slices": {"headers": ["x device"]}},
        {"max_body_kb": 100_000},
        {"error_margin": 20},
    ],
)
def test_what_no_rule_can_be_made_of_is_refused(wrong):
    with pytest.raises(ValidationError):
        service(**wrong)
