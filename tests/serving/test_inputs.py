"""The inputs that the prediction log keeps: columns and rows of every form that has them, and nothing of others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.serving.inputs import inputs_in

TABLE = {"columns": ["a", "b"], "rows": [[1, "x"], [None, "y"]]}
RECORDS = [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]


@pytest.mark.parametrize(
    "request_",
    [
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [None, "y"]]}},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [None, "y"]], "index": [0, 1]}},
        {"dataframe_records": RECORDS},
        {"instances": RECORDS},
        {"inputs": RECORDS},
        {"inputs": {"a": [1, None], "b": ["x", "y"]}},
        {"inputs": RECORDS, "params": {"t": 1}},
    ],
)
def test_every_form_of_rows_is_kept_alike(request_):
    assert json.loads(json.dumps(inputs_in(json.dumps(request_).encode()))) == TABLE


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b"[1]",
        b"a,b\n1,2\n",
        b'{"inputs": [[1.0], {"a": 1}]}',
        b'{"inputs": "text"}',
        b'{"inputs": {"a": 1}}',
        b'{"inputs": {"a": [1], "b": [1, 2]}}',
        b'{"dataframe_split": [1]}',
        b'{"dataframe_split": {"data": [[1]]}}',
        b'{"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}}',
        b'{"dataframe_records": []}',
        b'{"messages": []}',
        b"[" * 60_000,
    ],
)
def test_what_has_no_rows_leaves_nothing(body):
    assert inputs_in(body) is None


@pytest.mark.parametrize("rows", [[[1.0, 2.0], [3.0, 4.0]], [1, 2], ["a"], [[[0]]]])
def test_rows_of_arrays_have_no_columns_and_are_kept_only_whole(rows):
    assert inputs_in(json.dumps({"inputs": rows}).encode()) == {"columns": None, "rows": rows}
    assert inputs_in(json.dumps({"instances": rows}).encode(), ["a"]) is None


def test_only_the_columns_asked_for_are_kept():
    assert inputs_in(json.dumps({"inputs": RECORDS}).encode(), ["b", "z"]) == {"columns": ["b"], "rows": [["x"], ["y"]]}


def test_a_record_without_a_column_has_null_there():
    assert inputs_in(b'{"dataframe_records": [{"a": 1}, {"b": NaN}]}') == {
        "columns": ["a", "b"],
        "rows": [[1, None], [None, None]],
    }


VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(st.integers(1, 4).flatmap(lambda wide: st.lists(st.lists(VALUE, min_size=wide, max_size=wide), min_size=1)))
def test_what_is_kept_can_be_asked_again(rows):
    columns = [f"c{place}" for place in range(len(rows[0]))]
    body = json.dumps({"dataframe_split": {"columns": columns, "data": rows}}).encode()
    assert inputs_in(body) == {"columns": columns, "rows": rows}
