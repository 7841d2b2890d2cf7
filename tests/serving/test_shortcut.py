"""The short way gives a model exactly what MLflow's own way gives it, and answers the same, byte for byte."""

import pytest
from bothways import BothWays, Telling, pyfunc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, DataType, Map, Object, Property

PLAIN = ["double", "float", "long", "integer", "boolean", "string"]
OTHER = ["binary", "datetime", Array(DataType.double), Object([Property("a", DataType.long)]), Map(DataType.long)]
GOOD = {
    "double": st.floats() | st.integers(-(2**60), 2**60) | st.none(),
    "float": st.floats(width=32) | st.integers(-(2**30), 2**30),
    "long": st.integers(-(2**63), 2**63 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "string": st.text(),
    "binary": st.binary().map(lambda raw: raw.hex()),
    "datetime": st.datetimes().map(str),
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(),
    st.sampled_from(
        ["", "1", "1.5", "nan", "\x00", "a\x00", "\ud800", "2020-01-01", 2**63, 2**64, 10**400, 1e39, [], [1.0], {}]
    ),
    st.text(max_size=3),
    st.dictionaries(st.sampled_from("ab"), st.integers(), max_size=2),
)
SCALARS = ModelSignature(Schema([ColSpec(kind, f"c {kind}") for kind in PLAIN]))
ROW = [0.5, 0.25, 2**40, 3, True, "é"]
NAMES = [f"c {kind}" for kind in PLAIN]
NUMBERS = ModelSignature(Schema([ColSpec("double", "x"), ColSpec("double", "y")]))


@st.composite
def asked(draw):
    """Draw a signature and a request that more or less fits it."""
    kinds = draw(
        st.lists(st.sampled_from(PLAIN), min_size=1, max_size=4) | st.lists(st.sampled_from(PLAIN + OTHER), min_size=1)
    )
    if draw(st.booleans()):
        kinds = kinds[:1] * len(kinds)
    names = [draw(st.sampled_from(["a", "", "é", "f"])) + str(place) for place in range(len(kinds))]
    columns = [ColSpec(kind, name, draw(st.integers(0, 5)) > 0) for kind, name in zip(kinds, names, strict=True)]
    rows = draw(st.integers(0, 5).map(lambda count: count or 1))
    oddness = draw(st.sampled_from([0, 0, 0, 1, 1, 8]))
    values = {}
    for kind, name in zip(kinds, names, strict=True):
        good = GOOD.get(kind, ODD) if isinstance(kind, str) else ODD
        values[name] = [draw(ODD if draw(st.integers(0, 9)) < oddness else good) for _ in range(rows)]
    if oddness and draw(st.booleans()):
        values.pop(draw(st.sampled_from(names)))
    if oddness and draw(st.booleans()):
        values["more"] = [1] * rows
    if draw(st.booleans()):
        values = dict(draw(st.permutations(list(values.items()))))
    return ModelSignature(Schema(columns)), draw(forms(values, rows, oddness))


@st.composite
def forms(draw, values, rows, oddness):
    """Write columns in one of the forms of the protocol."""
    records = [{name: column[row] for name, column in values.items()} for row in range(rows)]
    split = {"columns": list(values), "data": [list(record.values()) for record in records]}
    if draw(st.booleans()):
        split["index"] = list(range(rows)) if draw(st.booleans()) else draw(st.lists(ODD, max_size=3))
    if oddness and draw(st.integers(0, 3)) == 0:
        records[-1].pop(next(iter(values), ""), None)
        split["data"][-1] = split["data"][-1][1:]
        split["columns"] = split["columns"][:1] * len(split["columns"])
    data = draw(
        st.sampled_from(
            [
                ("dataframe_split", split),
                ("dataframe_records", records),
                ("instances", records),
                ("inputs", values),
                ("inputs", records),
                ("instances", values),
            ]
        )
    )
    more = draw(st.sampled_from([{}, {}, {}, {"params": {}}, {"params": None}, {"params": {"t": 1}}, {"other": 1}]))
    return {data[0]: data[1], **more}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked())
def test_any_request_is_answered_as_mlflow_answers_it(drawn):
    signature, request = drawn
    ours, mlflows = BothWays(pyfunc(Telling(), signature)).ask(request)
    assert ours == mlflows


def test_a_text_that_ends_with_nul_is_answered_as_mlflow_answers_it():
    signature = ModelSignature(Schema([ColSpec("string", "a"), ColSpec("double", "b", required=False)]))
    both = BothWays(pyfunc(Telling(), signature))
    for key in ("instances", "inputs", "dataframe_records"):
        ours, mlflows = both.ask({key: [{"a": "", "b": 0.0}, {"a": "\x00", "b": None}]})
        assert ours == mlflows


FORMS = {
    "split": {"dataframe_split": {"columns": NAMES, "data": [ROW]}},
    "split of several rows": {"dataframe_split": {"columns": NAMES, "data": [ROW] * 3}},
    "split with the index of pandas": {"dataframe_split": {"columns": NAMES, "data": [ROW] * 3, "index": [0, 1, 2]}},
    "split in another order": {"dataframe_split": {"columns": NAMES[::-1], "data": [ROW[::-1]]}},
    "records": {"dataframe_records": [dict(zip(NAMES, ROW, strict=True))]},
    "records in another order": {"dataframe_records": [dict(zip(NAMES[::-1], ROW[::-1], strict=True))] * 2},
    "whole numbers and none in a double column": {
        "dataframe_split": {"columns": NAMES, "data": [[1, *ROW[1:]], [None, *ROW[1:]]]}
    },
}


@pytest.mark.parametrize("request_", FORMS.values(), ids=FORMS)
def test_plain_rows_go_the_short_way(request_):
    both = BothWays(pyfunc(Telling(), SCALARS))
    ours, mlflows = both.ask(request_)
    assert both.is_short(request_)
    assert (ours, ours.status) == (mlflows, 200)


@pytest.mark.parametrize(
    "request_",
    [{"instances": [{"x": 1, "y": 2.5}] * 2}, {"inputs": {"x": [1], "y": [2.5]}}, {"inputs": [{"x": 1, "y": 2.5}]}],
)
def test_numbers_go_the_short_way_in_the_tensor_forms_too(request_):
    both = BothWays(pyfunc(Telling(), NUMBERS))
    assert both.is_short(request_)
    ours, mlflows = both.ask(request_)
    assert (ours, ours.status) == (mlflows, 200)


LONG_WAY = {
    "a string for a number": {"dataframe_split": {"columns": ["x", "y"], "data": [["1", 2.0]]}},
    "a truth value for a number": {"dataframe_split": {"columns": ["x", "y"], "data": [[True, 2.0]]}},
    "a whole number that a double can't hold": {"dataframe_split": {"columns": ["x", "y"], "data": [[2**53 + 1, 2.0]]}},
    "a missing column": {"dataframe_records": [{"x": 1.0}]},
    "one more column": {"dataframe_records": [{"x": 1.0, "y": 1.0, "z": 1.0}]},
    "a column twice": {"dataframe_split": {"columns": ["x", "x"], "data": [[1.0, 2.0]]}},
    "rows of different lengths": {"dataframe_split": {"columns": ["x", "y"], "data": [[1.0, 2.0], [1.0]]}},
    "no rows": {"dataframe_split": {"columns": ["x", "y"], "data": []}},
    "an index of its own": {"dataframe_split": {"columns": ["x", "y"], "data": [[1.0, 2.0]], "index": ["a"]}},
    "an index of truth values": {"dataframe_split": {"columns": ["x", "y"], "data": [[1.0, 2.0]], "index": [False]}},
    "two forms": {"dataframe_records": [{"x": 1.0, "y": 1.0}], "inputs": [1]},
    "an unknown key": {"dataframe_records": [{"x": 1.0, "y": 1.0}], "more": 1},
}


@pytest.mark.parametrize("request_", LONG_WAY.values(), ids=LONG_WAY)
def test_doubtful_requests_are_left_to_mlflow(request_):
    both = BothWays(pyfunc(Telling(), NUMBERS))
    ours, mlflows = both.ask(request_)
    assert not both.is_short(request_)
    assert ours == mlflows


@pytest.mark.parametrize("value", [1e39, float("inf"), float("nan"), 2**24 + 1, None])
def test_numbers_that_a_float_holds_badly_are_left_to_mlflow(value):
    both = BothWays(pyfunc(Telling(), ModelSignature(Schema([ColSpec("float", "x")]))))
    request = {"dataframe_records": [{"x": 0.5}, {"x": value}]}
    ours, mlflows = both.ask(request)
    assert not both.is_short(request)
    assert ours == mlflows


@pytest.mark.parametrize("content_type", ["text/csv", "application/json; charset=latin-1", "application/json; v=1", ""])
def test_other_content_types_are_left_to_mlflow(content_type):
    both = BothWays(pyfunc(Telling(), NUMBERS))
    request = {"inputs": {"x": [1], "y": [2]}}
    ours, mlflows = both.ask(request, content_type)
    assert not both.is_short(request, content_type)
    assert ours == mlflows


@pytest.mark.parametrize(
    "signature",
    [
        None,
        ModelSignature(Schema([ColSpec("double")])),
        ModelSignature(Schema([TensorSpec(__import__("numpy").dtype("float64"), (-1, 2))])),
        ModelSignature(Schema([ColSpec("double", "x"), ColSpec("datetime", "y")])),
        ModelSignature(Schema([ColSpec(Array(DataType.double), "x")])),
    ],
    ids=["none", "column without a name", "tensor", "datetime", "array"],
)
def test_other_signatures_have_no_short_way(signature):
    both = BothWays(pyfunc(Telling(), signature))
    assert both.shortcut is None
    for request in ({"inputs": [[1.0, 2.0]]}, {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}):
        ours, mlflows = both.ask(request)
        assert ours == mlflows


@pytest.mark.parametrize(
    "params", [{}, {"params": {"t": 2}}, {"params": {"t": "no"}}, {"params": {"u": 1}}, {"params": None}]
)
def test_parameters_are_enforced_on_the_short_way(params):
    signature = ModelSignature(NUMBERS.inputs, params=ParamSchema([ParamSpec("t", "long", 1)]))
    both = BothWays(pyfunc(Telling(), signature))
    request = {"dataframe_records": [{"x": 1.0, "y": 2.0}], **params}
    ours, mlflows = both.ask(request)
    assert both.is_short(request)
    assert ours == mlflows
