"""Rows of an example in every format; what a format can't say is left out with its reason."""

import csv
import io
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.smoke.table import FORMATS, Table, in_format, table_of, unfit

INPUTS = [{"name": "a", "type": "double"}, {"name": "b", "type": "string"}]
TABLE = Table(("a", "b"), ([1.5, "x"], [2.5, "y, z"]))


@pytest.mark.parametrize(
    ("payloads", "wanted"),
    [
        pytest.param(
            [{"dataframe_split": {"columns": ["a"], "data": [[n]]}} for n in (1, 2)],
            Table(("a",), ([1], [2])),
            id="split",
        ),
        pytest.param([{"dataframe_records": [{"a": 1, "b": 2}]}], Table(("a", "b"), ([1, 2],)), id="records"),
        pytest.param([{"instances": [{"a": 1}, {"a": 2}]}], Table(("a",), ([1], [2])), id="instances of objects"),
        pytest.param([{"inputs": [[1, 2]]}, {"inputs": [[3, 4]]}], Table(None, ([1, 2], [3, 4])), id="array"),
        pytest.param([{"inputs": [1, 2]}], None, id="one vector"),
        pytest.param([{"inputs": {"a": [1]}}], None, id="named tensors"),
        pytest.param([{"inputs": [[1]], "params": {"t": 1}}], None, id="parameters beside it"),
        pytest.param([{"dataframe_split": {"data": [[1]]}}], None, id="columns without names"),
        pytest.param([{"dataframe_split": {"columns": [0], "data": [[1]]}}], None, id="columns with numbers for names"),
        pytest.param([{"dataframe_records": [{"a": 1}]}, {"dataframe_records": [{"b": 1}]}], None, id="other columns"),
        pytest.param([{"dataframe_records": [{"a": 1}, {"b": 1}]}], None, id="other columns within"),
        pytest.param([{"messages": []}], None, id="a chat"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_rows_are_read_from_every_form_that_holds_them(payloads, wanted):
    assert table_of(payloads) == wanted


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "instances"])
def test_the_same_rows_come_back_from_every_json_format(form):
    assert table_of([json.loads(in_format(TABLE, form).content)]) == TABLE


def test_what_is_missing_is_an_empty_cell_in_csv():
    table = Table(("a", "b"), ([None, math.nan], [1, 2]))
    assert in_format(table, "csv").content == b"a,b\n,\n1,2\n"


def test_inputs_hold_columns():
    assert json.loads(in_format(TABLE, "inputs").content) == {"inputs": {"a": [1.5, 2.5], "b": ["x", "y, z"]}}


@pytest.mark.parametrize("form", ["inputs", "instances"])
def test_an_array_stays_one(form):
    assert json.loads(in_format(Table(None, ([1, 2],)), form).content) == {form: [[1, 2]]}


@given(st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text(min_size=1)), min_size=1))
def test_csv_says_every_row(rows):
    body = in_format(Table(("a", "b"), tuple(list(row) for row in rows)), "csv")
    assert body.content_type == "text/csv"
    if all("\r" not in text and "\x00" not in text for _, text in rows):  # what csv itself changes
        read = list(csv.reader(io.StringIO(body.content.decode(errors="surrogatepass"), newline="")))
        assert read == [["a", "b"], *([repr(number), text] for number, text in rows)]


def test_rows_are_repeated_in_order():
    assert [row[0] for row in TABLE.repeated(5).rows] == [1.5, 2.5, 1.5, 2.5, 1.5]


def typed(kind, cell=1):
    return Table(("a",), ([cell],)), [{"name": "a", "type": kind}]


@pytest.mark.parametrize(
    ("table", "inputs", "left_out", "why"),
    [
        pytest.param(TABLE, INPUTS, set(), "", id="plain columns go everywhere"),
        pytest.param(
            Table(None, ([1],)), None, {"dataframe_split", "dataframe_records", "csv"}, "takes an array", id="array"
        ),
        pytest.param(TABLE, None, {"inputs", "instances", "csv"}, "without a signature", id="no signature"),
        pytest.param(*typed("datetime"), {"inputs", "instances", "csv"}, "no column of type datetime", id="times"),
        pytest.param(*typed("array"), {"inputs", "instances", "csv"}, "no column of type array", id="lists"),
        pytest.param(*typed("string", ""), {"csv"}, "an empty text", id="an empty text"),
        pytest.param(*typed("double", None), {"inputs", "instances"}, "missing values", id="a missing number"),
        pytest.param(
            *typed("double", math.nan), {"inputs", "instances"}, "missing values", id="NaN for a missing number"
        ),
        pytest.param(*typed("long", None), {"inputs", "instances", "csv"}, "missing", id="a missing whole number"),
        pytest.param(
            *(typed("long")[0], [{"name": "b", "type": "long"}]),
            {"inputs", "instances", "csv"},
            "unknown",
            id="unknown",
        ),
    ],
)
def test_a_format_that_cannot_say_the_rows_is_left_out_with_its_reason(table, inputs, left_out, why):
    reasons = {form: unfit(table, form, inputs) for form in FORMATS}
    assert {form for form, reason in reasons.items() if reason} == left_out
    assert all(why in reasons[form] for form in left_out)
