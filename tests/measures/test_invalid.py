"""What can't be measured."""

import math
from dataclasses import replace

import pytest

from greenramp.config import Gate
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

SLOW = Gate.model_validate({"name": "latency", "metric": "slow", "slower_than_ms": 100, "margin": 0.2})
TIMES = Gate.model_validate({"name": "times", "metric": "latency"})
SIZES = Gate.model_validate({"name": "sizes", "metric": "error_size", "margin": 0.1})
DRIFT = Gate.model_validate({"name": "drift", "metric": "drift"})
WRONG = Gate.model_validate({"name": "accuracy", "metric": "wrong", "margin": 0.2})
GOOD = SeenRequest(1795412000.0, "", "", "fraud", Side.GREEN, True, False, True, 10.0, 25.0, 5)
ASKED = replace(GOOD, id="a1")


@pytest.mark.parametrize("gate", [TIMES, SLOW], ids=["latency", "slow"])
@pytest.mark.parametrize("ms", [-1.0, math.nan, math.inf, -math.inf])
def test_a_time_that_cannot_be_is_invalid_and_counts_nowhere(gate, ms, counting):
    sums = counting(gate)
    sums.add_requests([GOOD, replace(GOOD, ms=ms), replace(GOOD, ms=ms, side=Side.BLUE)])
    health = sums.health(gate.name)
    assert health.invalid == f"1 of the candidate's values can't be measured, the first is a time of {ms:g} ms"
    assert dict(health.numbers) == {"invalid": 1, "champion_invalid": 1}
    assert sums.this_step[gate.name] == 1


@pytest.mark.parametrize(
    ("answers", "label", "words"),
    [
        pytest.param([1.0], [1.0, 2.0], "1 answers for 2 labels", id="too many labels"),
        pytest.param([1.0], ["one"], "a label of 'one', wanted a finite number", id="a label that is text"),
        pytest.param([1.0], [True], "a label of True, wanted a finite number", id="a label that is yes"),
        pytest.param([math.nan], [1.0], "an answer of nan, wanted a finite number", id="an answer of nothing"),
        pytest.param([math.inf], [1.0], "an answer of inf, wanted a finite number", id="an answer without end"),
        pytest.param([None], [1.0], "an answer of None, wanted a finite number", id="no answer"),
        pytest.param([], [], "no answers", id="no rows"),
        pytest.param([1e200], [-1e200], "an error of 2e+200", id="too large"),
    ],
)
def test_an_error_that_has_no_size_is_invalid(answers, label, words, counting):
    sums = counting(SIZES)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", answers)])
    sums.add_labels([("a1", label)])
    assert sums.health("sizes").invalid.endswith(f"the first is {words}")
    assert sums.series["sizes"].candidate == 0


def test_the_champions_invalid_values_do_not_speak_against_the_candidate(counting):
    sums = counting(SIZES)
    sums.add_requests([replace(ASKED, side=Side.BLUE)])
    sums.add_predictions([("a1", [math.nan])])
    sums.add_labels([("a1", 1.0)])
    assert (sums.health("sizes").invalid, dict(sums.health("sizes").numbers)["champion_invalid"]) == ("", 1)


def test_the_size_of_an_error_is_the_mean_over_the_rows_of_a_request(counting):
    sums = counting(SIZES)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1.0, 4])])
    sums.add_labels([("a1", [2.0, 1.0])])
    assert sums.series["sizes"].totals == [2.0, 0.0]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        pytest.param([0.25, 9.0], "numbers", id="a number, the first row"),
        pytest.param([3], "numbers", id="a whole number"),
        pytest.param([[0.5]], "numbers", id="a number in a list"),
        pytest.param(["cat"], "classes", id="a class"),
        pytest.param([True], "classes", id="yes"),
        pytest.param([[0.1, 0.7, 0.2]], "classes", id="a number for each class"),
        pytest.param([{"a": 1}], "", id="something else"),
        pytest.param([None], "", id="nothing"),
        pytest.param([math.nan], "", id="no number"),
        pytest.param([], "", id="no rows"),
    ],
)
def test_an_answer_is_a_number_or_a_class_or_invalid(answers, kind, counting):
    sums = counting(DRIFT)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", answers)])
    assert sums.series["drift"].kind == kind
    assert bool(sums.health("drift").invalid) == (kind == "")


def test_a_class_among_numbers_is_invalid(counting):
    sums = counting(DRIFT)
    sums.add_requests([ASKED, replace(GOOD, id="a2")])
    sums.add_predictions([("a1", [1.0]), ("a2", ["cat"])])
    assert sums.health("drift").invalid.endswith("the first is an answer of 'cat' among numbers")


def test_an_answer_counts_for_drift_once_whether_its_label_comes_or_not(counting):
    sums = counting(DRIFT, WRONG)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1.0])])
    assert (sums.series["drift"].candidate, sums.this_step["accuracy"]) == (1, 0)
    sums.add_labels([("a1", 1.0)])
    assert (sums.series["drift"].candidate, sums.this_step["accuracy"]) == (1, 1)
