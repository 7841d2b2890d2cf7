"""Labels that come for one side rather than for the other make a gate's numbers worthless."""

from dataclasses import replace

import pytest

from greenramp.config import Gate
from greenramp.gates import judge
from greenramp.judging.rules import rule_of
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome

WRONG = Gate.model_validate({"name": "accuracy", "metric": "wrong", "margin": 0.2, "label_window_seconds": 100})
GOOD = SeenRequest(1795412000.0, "", "", "fraud", Side.GREEN, True, False, True, 10.0, 25.0, 5)


def verdict(sums):
    health, seen = sums.health("accuracy"), sums.this_step["accuracy"]
    return judge(rule_of(WRONG), sums.series["accuracy"], 0.01, 0.05, this_step=seen, health=health), health


def fed(sums, count, loses, user=lambda _: ""):
    """A quarter of the requests are the candidate's; the label of request n is lost if `loses(n, mine)`."""
    mine = {n: n * 7919 % 100 < 25 for n in range(count)}
    side = {True: Side.GREEN, False: Side.BLUE}
    sums.add_requests([replace(GOOD, id=f"a{n}", ts=float(n), side=side[own], user=user(n)) for n, own in mine.items()])
    sums.add_predictions([(f"a{n}", [1]) for n in mine])
    sums.add_labels([(f"a{n}", 1) for n, own in mine.items() if not loses(n, own)])
    return sums


def test_labels_that_are_missing_on_the_candidates_side_alone_are_invalid(counting):
    answer, health = verdict(fed(counting(WRONG), 2100, lambda n, mine: mine and n % 10 == 0))
    assert answer.outcome is Outcome.INVALID
    assert "labels are missing unequally: 60 of the candidate's 500, 0 of the champion's 1,499;" in answer.sentence
    numbers = {"labels_due": 500, "labels_missing": 60, "champion_labels_due": 1499, "champion_labels_missing": 0}
    assert numbers.items() <= health.numbers.items()


def test_labels_that_are_missing_on_the_champions_side_alone_are_invalid(counting):
    assert verdict(fed(counting(WRONG), 2100, lambda n, mine: not mine and n % 10 == 0))[0].outcome is Outcome.INVALID


@pytest.mark.parametrize("of", [1.1, 2, 10, 100], ids=["nearly all", "half", "a tenth", "a hundredth"])
def test_labels_that_are_missing_on_both_sides_alike_are_no_finding(counting, of):
    answer, health = verdict(fed(counting(WRONG), 2100, lambda n, _: (n * 104729 % 1009) / 1009 < 1 / of))
    assert "unequally" not in answer.sentence
    assert health.numbers["labels_missing"] > 0


def test_a_label_still_within_its_window_is_neither_there_nor_missing(counting):
    answer, health = verdict(fed(counting(WRONG), 2100, lambda n, mine: mine and n >= 2000))
    assert (health.invalid, health.numbers["labels_missing"]) == ("", 0)
    assert answer.outcome is Outcome.PASS


def test_one_users_lost_labels_are_one_finding(counting):
    lost = fed(counting(WRONG), 2100, lambda _, mine: mine, user=lambda n: "alice" if n * 7919 % 100 < 25 else "")
    assert verdict(lost)[0].outcome is not Outcome.INVALID


def test_a_label_that_came_without_an_answer_is_not_missing(counting):
    sums = counting(WRONG)
    sums.add_requests([replace(GOOD, id="a1", ts=0.0), replace(GOOD, id="a2", ts=200.0)])
    sums.add_labels([("a1", 1)])
    assert sums.health("accuracy").note == "0 of 1 labels did not come within 100 s"
