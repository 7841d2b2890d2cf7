"""The kind of answers is found from what the champion answers."""

import pytest

from greenramp.shadow.kinds import Kind, plain, shape_of


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (["cat", "dog"], Kind.LABELS),
        ([True, False], Kind.LABELS),
        ([3, 8, 3], Kind.LABELS),
        ([0.0, 1.0, 1.0], Kind.LABELS),
        (list(range(30)), Kind.NUMBERS),
        ([0.2, 0.9], Kind.PROBABILITY),
        ([0.2, 1.9], Kind.NUMBERS),
        ([[0.2, 0.8], [0.5, 0.5]], Kind.CLASS_PROBABILITIES),
        ([[0.2, 8.0], [0.5, -5.0]], Kind.OUTPUTS),
        ([{"low": 1.5, "high": 2.0}, {"low": 1.0, "high": 9.0}], Kind.OUTPUTS),
        ([["a", "b"], ["c", "a"]], Kind.RANKINGS),
        ([[7, 3, 9], [3, 9, 7]], Kind.RANKINGS),
        ([[0, 1, 1], [1, 1, 0]], Kind.OUTPUTS),
        ([{"label": "cat", "score": 0.5}], Kind.OTHER),
        ([[1, "a", 0.5], [2, "b", 0.1]], Kind.OTHER),
        ([[0.25], [0.5]], Kind.PROBABILITY),
        ([{"score": 0.25}, {"score": 0.5}], Kind.PROBABILITY),
        ([None, float("nan"), 0.5, 0.25], Kind.PROBABILITY),
    ],
    ids=str,
)
def test_kind_is_found(rows, kind):
    shape = shape_of([[row] for row in rows])
    assert shape is not None
    assert shape.kind is kind


def test_what_is_declared_goes_before_what_is_found():
    assert shape_of([[1], [2], [3]], Kind.NUMBERS).kind is Kind.NUMBERS


def test_nothing_valid_has_no_shape():
    assert shape_of([]) is None
    assert shape_of([[None, float("nan")], []]) is None


def test_spread_is_that_of_the_middle_and_a_constant_has_its_size():
    assert shape_of([[float(n)] for n in range(101)]).spreads == (90.0,)
    assert shape_of([[250.0]] * 3, Kind.NUMBERS).spreads == (250.0,)
    assert shape_of([[0.0]] * 3, Kind.NUMBERS).spreads == (1.0,)
    assert shape_of([[[float(n), 10.0 * n]] for n in range(101)]).spreads == (90.0, 900.0)


def test_wrapping_is_taken_off():
    assert plain([[3]]) == 3
    assert plain({"b": 2, "a": 1}) == [1, 2]
    assert plain({"b": "x", "a": 1}) == {"b": "x", "a": 1}
    assert plain([]) == []
