"""Two answers to one request: the same, different, or one of them no answer."""

import pytest

from greenramp.shadow.comparing import Compared, Tolerances, compare
from greenramp.shadow.kinds import Kind, Shape

NAN, INF = float("nan"), float("inf")


def held(kind, live, candidate, *, spreads=(1.0,), threshold=None):
    return compare(Shape(kind, spreads), Tolerances(0.1, threshold), live, candidate)


@pytest.mark.parametrize(
    ("kind", "live", "candidate", "agree", "difference"),
    [
        (Kind.LABELS, ["a"], ["a"], True, None),
        (Kind.LABELS, ["a", "b"], ["a", "c"], False, None),
        (Kind.LABELS, [3], [3.0], True, None),
        (Kind.NUMBERS, [10.0], [10.9], True, 0.09),
        (Kind.NUMBERS, [10.0], [12.0], False, 0.2),
        (Kind.NUMBERS, [10.0, 10.0], [12.0, 10.0], False, 0.1),
        (Kind.PROBABILITY, [0.4], [0.45], True, 0.05),
        (Kind.PROBABILITY, [0.4], [0.55], False, 0.15),
        (Kind.PROBABILITY, [0.4], [6.4], False, 6.0),
        (Kind.CLASS_PROBABILITIES, [[0.6, 0.4]], [[0.55, 0.45]], True, 0.05),
        (Kind.CLASS_PROBABILITIES, [[0.6, 0.4]], [[0.4, 0.6]], False, 0.2),
        (Kind.RANKINGS, [["a", "b"]], [["a", "b"]], True, 0.0),
        (Kind.RANKINGS, [["a", "b"]], [["b", "a"]], False, 0.0),
        (Kind.RANKINGS, [["a", "b"]], [["a", "c"]], False, 0.5),
        (Kind.OTHER, [{"x": [1.0, "y"]}], [{"x": [1.0 + 1e-9, "y"]}], True, None),
        (Kind.OTHER, [{"x": [1, "y"]}], [{"x": [2, "y"]}], False, None),
    ],
)
def test_rows_are_held_against_each_other(kind, live, candidate, agree, difference):
    spreads = (10.0,) if kind is Kind.NUMBERS else (1.0, 1.0)
    found = held(kind, live, candidate, spreads=spreads)
    assert found.agree is agree
    assert found.difference == (None if difference is None else pytest.approx(difference))
    assert (found.live_wrong, found.candidate_wrong) == ("", "")


def test_every_output_has_its_own_scale():
    found = held(Kind.OUTPUTS, [[1.0, 100.0]], [[1.05, 150.0]], spreads=(1.0, 1000.0))
    assert found.agree is True
    assert found.difference == pytest.approx(0.05)
    assert held(Kind.OUTPUTS, [[1.0, 100.0]], [[1.05, 250.0]], spreads=(1.0, 1000.0)).agree is False


def test_with_a_threshold_only_the_decision_counts():
    assert held(Kind.PROBABILITY, [0.49], [0.51], threshold=0.5).agree is False
    assert held(Kind.PROBABILITY, [0.51], [0.99], threshold=0.5).agree is True


@pytest.mark.parametrize(
    ("kind", "candidate", "words"),
    [
        (Kind.NUMBERS, [None], "null instead of a number"),
        (Kind.NUMBERS, [NAN], "NaN or infinity instead of a number"),
        (Kind.NUMBERS, [-INF], "NaN or infinity instead of a number"),
        (Kind.NUMBERS, [10**400], "NaN or infinity instead of a number"),
        (Kind.NUMBERS, ["5"], "text instead of a number"),
        (Kind.NUMBERS, [True], "true or false instead of a number"),
        (Kind.NUMBERS, [[1.0, 2.0]], "a list instead of a number"),
        (Kind.NUMBERS, [], "no rows"),
        (Kind.NUMBERS, [1.0, 2.0], "2 rows where the champion gives 1"),
    ],
    ids=str,
)
def test_what_is_no_number_is_named_and_held_against_its_side(kind, candidate, words):
    assert held(kind, [0.5], candidate) == Compared(None, None, [], "", words)
    if "rows where" not in words:
        assert held(kind, candidate, [0.5]).live_wrong == words


@pytest.mark.parametrize(
    ("kind", "live", "candidate", "words"),
    [
        (Kind.LABELS, ["3"], [3], "a number instead of text"),
        (Kind.LABELS, [True], [1], "a number instead of true or false"),
        (Kind.LABELS, ["a"], [None], "null instead of a class"),
        (Kind.CLASS_PROBABILITIES, [[0.5, 0.5]], [[0.2, 0.3, 0.5]], "3 numbers instead of 2"),
        (Kind.OUTPUTS, [[0.5, 0.5]], [[0.2, None]], "null instead of a number"),
        (Kind.OUTPUTS, [[0.5, 0.5]], [0.2], "a number instead of 2 numbers"),
        (Kind.RANKINGS, [["a", "b"]], [["a", 0.5]], "a number instead of an id"),
        (Kind.RANKINGS, [["a", "b"]], [[]], "an empty list instead of ids"),
        (Kind.OTHER, [{"a": "b", "c": 1}], [["b", "c"]], "a list instead of an object"),
        (Kind.OTHER, [{"a": "b"}], [None], "null instead of a value"),
    ],
)
def test_another_type_or_length_is_no_valid_answer(kind, live, candidate, words):
    assert held(kind, live, candidate, spreads=(1.0, 1.0)).candidate_wrong == words
