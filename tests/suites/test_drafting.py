"""A drafted suite says what was seen, with slack; that it holds is asked of the real library, in clients."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.errors import ConfigError
from greenramp.suites.drafting import FEWEST_ROWS, draft
from greenramp.suites.inputsdraft import draft_inputs

chance = random.Random(7)
SIZES = [chance.lognormvariate(3, 0.5) for _ in range(2000)]
CLASSES = [chance.choice(["cat", "dog", "owl"]) for _ in range(2000)]


def drafted(values, name="prediction", **more):
    suite = draft({name: values}, "x", **more)
    return {one.type.removeprefix("expect_column_"): one.kwargs for one in suite.expectations}


def test_the_range_of_numbers_has_slack_on_both_sides_and_never_goes_below_zero_by_itself():
    bounds = drafted(SIZES)["values_to_be_between"]
    assert bounds["min_value"] == 0
    assert 1.2 * sorted(SIZES)[1980] < bounds["max_value"] < 3 * sorted(SIZES)[1980]
    assert 0.95 <= bounds["mostly"] < 1


def test_one_wild_value_does_not_widen_the_range():
    assert drafted([*SIZES, 1e9])["values_to_be_between"]["max_value"] < 1000


def test_the_median_has_to_lie_between_the_quartiles():
    median = drafted(SIZES)["median_to_be_between"]
    ordered = sorted(SIZES)
    assert median["min_value"] == pytest.approx(ordered[500], rel=0.02)
    assert median["max_value"] == pytest.approx(ordered[1500], rel=0.02)


def test_probabilities_are_known_by_their_range():
    bounds = drafted([chance.random() for _ in range(500)])["values_to_be_between"]
    assert (bounds["min_value"], bounds["max_value"]) == (0, 1)


def test_few_classes_become_a_set_of_which_the_common_ones_have_to_be_seen():
    found = drafted(CLASSES)
    assert found["values_to_be_in_set"]["value_set"] == ["cat", "dog", "owl"]
    assert found["unique_value_count_to_be_between"]["min_value"] == 2
    assert found["values_to_be_in_type_list"]["type_list"] == ["str"]


def test_whole_numbers_are_classes_only_when_there_are_few():
    assert "values_to_be_in_set" in drafted([float(n % 10) for n in range(2000)])
    assert "values_to_be_in_set" not in drafted(list(range(2000)))


@pytest.mark.parametrize(("nulls", "least", "most"), [(0, 0.998, 0.999), (1, 0.9, 0.99), (200, 0.65, 0.85)])
def test_as_many_nulls_as_were_seen_are_let_through_and_not_many_more(nulls, least, most):
    assert least <= drafted([None] * nulls + SIZES)["values_to_not_be_null"]["mostly"] <= most


def test_nothing_is_said_of_types_that_are_mixed_but_how_many_are_null():
    assert list(drafted([1, "a"] * 100)) == ["values_to_not_be_null"]


def test_the_condition_stands_at_every_expectation():
    assert {kwargs["row_condition"] for kwargs in drafted(SIZES, where="failed == False").values()} == {
        "failed == False"
    }


@pytest.mark.parametrize("wild", [float("inf"), -float("inf"), 10**400])
def test_of_numbers_without_bounds_only_types_and_nulls_are_said(wild):
    assert list(drafted([wild, *SIZES])) == ["values_to_be_in_type_list", "values_to_not_be_null"]


@given(
    st.lists(st.none() | st.floats() | st.integers() | st.booleans() | st.text(max_size=3), min_size=50, max_size=90)
    | st.lists(st.floats(-1e12, 1e12) | st.none(), min_size=50, max_size=90)
)
def test_whatever_was_seen_it_is_drafted_from_or_refused_in_words(values):
    try:
        suite = draft({"prediction": values, "rows": values}, "x")
    except ConfigError:
        return
    assert suite.expectations


@pytest.mark.parametrize("count", [0, FEWEST_ROWS - 1])
def test_too_few_rows_are_refused(count):
    with pytest.raises(ConfigError, match=f"at least 50 rows to draft from; seen: {count}"):
        draft({"prediction": SIZES[:count]}, "x")


def test_columns_of_which_nothing_is_known_are_refused():
    with pytest.raises(ConfigError, match="nothing can be said of prediction"):
        draft({"prediction": [None] * 100}, "x")


# inputs

COLUMNS = [
    {"name": "age", "type": "long", "required": True},
    {"name": "city", "type": "string", "required": False},
    {"name": "seen", "type": "datetime"},
]


def test_inputs_are_drafted_from_the_signature():
    suite = draft_inputs("fraud version 3", COLUMNS)
    found = [(one.kwargs["column"], one.type.removeprefix("expect_column_")) for one in suite.expectations]
    assert found == [
        ("age", "to_exist"),
        ("age", "values_to_be_in_type_list"),
        ("age", "values_to_not_be_null"),
        ("city", "values_to_be_in_type_list"),
        ("seen", "to_exist"),
        ("seen", "values_to_not_be_null"),
    ]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (None, "fraud version 3 has no signature of its inputs"),
        ([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 64]}}], "wanted a signature of named"),
        ([{"type": "double"}], "wanted a signature of named columns"),
    ],
)
def test_inputs_that_are_no_named_columns_are_refused(columns, said):
    with pytest.raises(ConfigError, match=said):
        draft_inputs("fraud version 3", columns)
