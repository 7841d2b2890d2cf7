"""A golden request is a body and the one answer it may have."""

import json

import pytest

from greenramp.config.golden import GoldenRequest
from greenramp.smoke.answer import Answer, Body
from greenramp.smoke.golden import as_expected, body_of
from greenramp.verdict import Outcome

GOOD = {"request": {"inputs": [[1]]}, "expected": [0.5]}


def answer(*predictions, status=200):
    return Answer(status, json.dumps({"predictions": predictions}), 1.0, "7", "blue")


@pytest.mark.parametrize(
    ("more", "given", "passes"),
    [
        pytest.param({}, answer(0.5), True, id="the same"),
        pytest.param({}, answer(0.500002), False, id="a little off"),
        pytest.param({"tolerance": 0.1}, answer(0.55), True, id="near enough"),
        pytest.param({"tolerance": {"absolute": 0.1, "relative": 0.0}}, answer(0.7), False, id="not near enough"),
        pytest.param({"expected": ["cat"]}, answer("cat"), True, id="a class"),
        pytest.param({"expected": ["cat"]}, answer("dog"), False, id="another class"),
        pytest.param({}, answer(0.5, status=500), False, id="an error with the answer"),
        pytest.param({"expected": None, "status": 400}, answer(status=400), True, id="refused as it should be"),
        pytest.param({"expected": None, "status": 400}, answer(0.5), False, id="not refused"),
    ],
)
def test_a_golden_request_has_one_answer(more, given, passes):
    found = as_expected([("a.jsonl line 1", GoldenRequest.model_validate(GOOD | more), given)])
    assert found.outcome is (Outcome.PASS if passes else Outcome.FAIL)
    assert ("a.jsonl line 1: " in found.sentence) is not passes


def test_bodies_are_json_or_the_text_that_is_given():
    assert body_of(GoldenRequest.model_validate(GOOD)) == Body(b'{"inputs": [[1]]}')
    csv = {"request": "x\n1\n", "content_type": "text/csv", "expected": [1]}
    assert body_of(GoldenRequest.model_validate(csv)) == Body(b"x\n1\n", "text/csv")
