"""A drill is passed only when users, traffic, registry and processes are all as they must be."""

from __future__ import annotations

import pytest

from greenramp.drill.expectation import Ending, Expectation, expectation
from greenramp.drill.verdict import failed_since, safe_seconds, sentence, troubles

EITHER = Expectation(frozenset(Ending), lost=1)


def test_all_as_it_must_be_is_passed_and_says_why(came_out):
    assert troubles(came_out(), EITHER) == []
    assert sentence(came_out(), EITHER) == (
        "passed: no request failed; the version before serves, and traffic, alias and stage say so, "
        "and the next release was promoted"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"owner": "drill-2-abc"}, "still held by drill-2-abc"),
        ({"live": None}, "traffic is shared"),
        ({"live": "7"}, "traffic is on version 7"),
        ({"champion": "2"}, "alias champion is 2, version 1 serves"),
        ({"champion": None}, "alias champion is None"),
        ({"production": ()}, "in the stage Production is nobody"),
        ({"production": ("1", "2")}, "in the stage Production is 1, 2"),
        ({"failed": 2, "failures": ("503 no healthy upstream",)}, "2 of 900 requests failed, at most 1 may, the first"),
        ({"requests": 0}, "no user has asked"),
        ({"orphans": ("17 uvicorn (unsupervised)",)}, "left over: 17 uvicorn"),
        ({"fresh": "Refused"}, "the release after it ended Refused"),
        ({"message": "the release was not canary within 180 s"}, "not canary within"),
    ],
)  # fmt: skip
def test_each_thing_that_is_wrong_fails_the_drill_and_is_named(came_out, changes, says):
    found = troubles(came_out(**changes), EITHER)
    assert any(says in one for one in found), found
    assert sentence(came_out(**changes), EITHER).startswith("failed: ")


def test_the_wrong_version_in_the_end_fails_it_though_all_agree(came_out):
    stayed = came_out(live="2", champion="2", production=("2",))
    assert troubles(stayed, EITHER) == []
    must_go = Expectation(frozenset((Ending.BACK,)))
    assert troubles(stayed, must_go) == ["the candidate serves, wanted: the version before serves"]


def test_what_an_open_request_explains_is_allowed_and_told(came_out):
    one = came_out(failed=1, failures=("reset",))
    assert sentence(one, EITHER).startswith("passed: 1 of 900 requests failed")


def test_a_drill_without_a_fresh_release_says_nothing_of_one(came_out):
    alone = came_out(fresh=None)
    assert "next release" not in sentence(alone, expectation(alone.fault, alone.at))


def test_an_outage_ends_with_the_first_answer_and_explains_nothing_before_or_after():
    answers = [(1.0, "1"), (2.0, "1"), (30.0, "1"), (31.0, "1")]
    failures = [(1.5, "before"), (10.0, "nobody listens"), (29.0, "loading"), (30.5, "again")]
    assert failed_since(2.5, answers, failures) == [(1.5, "before"), (30.5, "again")]


def test_an_outage_without_an_end_explains_everything_since():
    assert failed_since(2.5, [(1.0, "1")], [(3.0, "x")]) == []


def test_safety_is_there_with_the_last_answer_of_the_version_that_goes():
    answers = [(9.0, "2"), (11.0, "1"), (14.0, "2"), (20.0, "1")]
    assert safe_seconds(10.0, "2", answers, []) == 4.0
    assert safe_seconds(10.0, None, answers, [(16.0, "reset")]) == 6.0
    assert safe_seconds(10.0, None, answers, []) == 0.0


def test_an_answer_that_was_on_its_way_when_all_was_killed_does_not_end_the_outage():
    answers = [(1.0, "1"), (2.51, "1"), (30.0, "1")]
    assert failed_since(2.5, answers, [(2.52, "reset"), (3.0, "refused")]) == []
