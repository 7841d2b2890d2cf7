"""Requests, answers and labels come together."""

import itertools
from dataclasses import replace

import pytest

from greenramp.config import Gate
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

WRONG = Gate.model_validate({"name": "accuracy", "metric": "wrong", "margin": 0.2})
GOOD = SeenRequest(1795412000.0, "", "", "fraud", Side.GREEN, True, False, True, 10.0, 25.0, 5)
ASKED = replace(GOOD, id="a1")


def one(share=0.25, **numbers):
    return Evidence((Stratum(share, **numbers),))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize(
    ("label", "wrong"),
    [([1.0], 0), ([0.0], 1), (1, 0), (0, 1), ("1", 1), ([1.0, 1.0], 1), ([], 1)],
    ids=["right", "wrong", "right, alone", "wrong, alone", "another type", "too many", "too few"],
)
def test_a_label_joins_its_request_and_prediction_whatever_comes_first(order, label, wrong, counting):
    sums = counting(WRONG)
    arrivals = [
        lambda: sums.add_requests([ASKED]),
        lambda: sums.add_predictions([("a1", [1.0])]),
        lambda: sums.add_labels([("a1", label)]),
    ]
    for index in order:
        assert sums.evidence["accuracy"] == Evidence()
        arrivals[index]()
    assert sums.evidence["accuracy"] == one(candidate=1, candidate_bad=wrong)


def test_a_label_counts_in_the_share_its_request_was_made_in(counting):
    sums = counting(WRONG)
    sums.add_requests([replace(ASKED, percent=5.0, generation=2), replace(GOOD, id="a2")])
    sums.add_predictions([("a1", [1]), ("a2", [1])])
    sums.add_labels([("a2", 1), ("a1", 0)])
    assert set(sums.evidence["accuracy"].strata) == {Stratum(0.05, 1, 0, 1, 0), Stratum(0.25, 1, 0, 0, 0)}
    assert sums.this_step["accuracy"] == 1


def test_a_label_that_comes_twice_counts_once(counting):
    sums = counting(WRONG)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1])])
    for _ in range(3):
        sums.add_labels([("a1", 0)])
    assert sums.evidence["accuracy"] == one(candidate=1, candidate_bad=1)


@pytest.mark.parametrize("missing", range(3), ids=["request", "prediction", "label"])
def test_what_stays_incomplete_is_not_counted(missing, counting):
    sums = counting(WRONG)
    arrivals = [(sums.add_requests, ASKED), (sums.add_predictions, ("a1", [1])), (sums.add_labels, ("a1", 0))]
    for index, (add, what) in enumerate(arrivals):
        if index != missing:
            add([what])
    assert sums.evidence["accuracy"] == Evidence()


def test_a_label_of_nothing_is_no_label(counting):
    sums = counting(WRONG)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1])])
    sums.add_labels([("a1", None)])
    assert sums.evidence["accuracy"] == Evidence()
    sums.add_labels([("a1", 1)])
    assert sums.evidence["accuracy"] == one(candidate=1)


CLICKS = Gate.model_validate({"name": "clicks", "metric": "conversions", "margin": 0.05})


def test_a_conversion_is_a_label_that_is_true_and_all_requests_are_counted(counting):
    sums = counting(CLICKS)
    sums.add_requests([replace(ASKED, id=f"r{n}") for n in range(4)] + [replace(ASKED, id="b", side=Side.BLUE)])
    sums.add_predictions([(name, [1.0]) for name in ("r0", "r1", "r2", "r3", "b")])
    sums.add_labels([("r0", 1), ("r1", 0), ("r2", True), ("r3", "yes"), ("b", [0, 2.5])])
    assert sums.evidence["clicks"] == one(candidate=4, champion=1, candidate_bad=2, champion_bad=1)
    assert sums.this_step["clicks"] == 4
    assert "a label of 'yes'" in sums.health("clicks").invalid


def test_conversions_that_never_come_are_no_missing_labels(counting):
    sums = counting(Gate.model_validate({**CLICKS.model_dump(exclude_none=True), "label_window_seconds": 5}))
    sums.add_requests([replace(ASKED, id=f"r{n}", ts=ASKED.ts + n) for n in range(40)])
    sums.add_predictions([(f"r{n}", [1.0]) for n in range(40)])
    assert "labels_missing" not in sums.health("clicks").numbers
