"""What is called harmless is held against MLflow's own enforcement, by the path a served request takes."""

import json
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from mlflow.models.utils import _enforce_params_schema, validate_schema
from mlflow.types.schema import ParamSchema

from greenramp.preflight import Signature
from greenramp.preflight.change import Compatibility
from greenramp.preflight.inputs import input_changes, param_changes

SCALARS = ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime")
FRAME = {"boolean": "bool", "integer": "int32", "long": "int64", "float": "float32", "double": "float64"}


def numbers(low, high):
    return st.integers(low, high)


VALUES = {
    "boolean": st.booleans(),
    "integer": numbers(-(2**31), 2**31 - 1),
    "long": numbers(-(2**53), 2**53),
    "float": st.floats(-1e6, 1e6, width=32),
    "double": st.floats(-1e12, 1e12),
    "string": st.text("abc1 ", max_size=4),
    "binary": st.sampled_from(["eHg=", "YQ=="]),
    "datetime": st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(datetime.isoformat),
}
NONSENSE = st.sampled_from([None, True, 0, 7, 2**40, 1.5, "7", "x", "2024-01-01", [1], {"a": 1}])


def spec(name, kind, required=True):
    return {"name": name, "type": kind, "required": required}


@st.composite
def two_signatures(draw):
    """A champion's columns, and a candidate's that grew out of them."""
    names = draw(st.lists(st.sampled_from("abcd"), unique=True, min_size=1))
    was = [spec(name, draw(st.sampled_from(SCALARS)), draw(st.booleans())) for name in names]
    wider = {"integer": ("long", "double"), "float": ("double",), "long": ("double",)}
    now = []
    for one in was:
        fate = draw(st.sampled_from(["same", "same", "gone", "optional", "wider", "other"]))
        if fate == "optional":
            now.append({**one, "required": False})
        elif fate == "wider":
            now.append({**one, "type": draw(st.sampled_from(wider.get(one["type"], (one["type"],))))})
        elif fate == "other":
            now.append(spec(one["name"], draw(st.sampled_from(SCALARS)), draw(st.booleans())))
        elif fate == "same":
            now.append(one)
    for name in draw(st.lists(st.sampled_from("xy"), unique=True, max_size=1)):
        now.append(spec(name, draw(st.sampled_from(SCALARS)), draw(st.integers(0, 3)) == 0))
    assume(now)
    return was, draw(st.permutations(now))


@st.composite
def requests(draw, was, kinds):
    given = [one for one in was if one["required"] or draw(st.booleans())]
    assume(given)
    rows = draw(st.integers(1, 3))
    return [{one["name"]: draw(kinds(one["type"])) for one in given} for _ in range(rows)]


@settings(max_examples=80)
@given(st.data())
def test_any_request_the_champion_takes_is_taken_where_no_change_is_called_breaking(mlflow_says, data):
    was, now = data.draw(two_signatures())
    assume(mlflow_says.worst(was, now)[0] is not Compatibility.BREAKING)
    rows = data.draw(requests(was, lambda kind: st.one_of(VALUES[kind], VALUES[kind], NONSENSE)))
    for body, before, after in mlflow_says.pairs(rows, was, now):
        assert after is not None, body
        assert len(after) == len(before), body


@settings(max_examples=50)
@given(st.data())
def test_and_the_model_is_given_the_same_values(mlflow_says, data):
    was, now = data.draw(two_signatures())
    assume(mlflow_says.worst(was, now)[0] is not Compatibility.BREAKING)
    rows = data.draw(requests(was, VALUES.__getitem__))
    for body, before, after in mlflow_says.pairs(rows, was, now):
        for name in set(before.columns) & {one["name"] for one in now}:
            assert before[name].tolist() == after[name].tolist(), (body, name)


@settings(max_examples=50)
@given(st.data())
def test_and_so_are_typed_rows_as_parquet_brings_them_unless_the_change_says_otherwise(mlflow_says, data):
    was, now = data.draw(two_signatures())
    kind, caveat = mlflow_says.worst(was, now)
    assume(kind is not Compatibility.BREAKING and not caveat)
    columns = [one for one in was if one["type"] in FRAME]
    assume(columns)
    frame = pd.DataFrame({one["name"]: np.array([1, 0, 7]).astype(FRAME[one["type"]]) for one in columns})
    try:
        validate_schema(frame, mlflow_says.schema(was))
    except MlflowException:
        return
    validate_schema(frame, mlflow_says.schema(now))


# parameters

PARAM_KINDS = {"integer": 1, "long": 2, "float": 0.5, "double": 0.25, "string": "a", "boolean": True}


@pytest.mark.parametrize("was", PARAM_KINDS)
@pytest.mark.parametrize("now", PARAM_KINDS)
def test_parameters_the_champion_takes_are_taken_where_no_change_is_called_breaking(was, now):
    before, after = ([{"name": "p", "type": k, "default": PARAM_KINDS[k], "shape": None}] for k in (was, now))
    if any(change.kind is Compatibility.BREAKING for change in param_changes(tuple(before), tuple(after))):
        return
    given = {"p": PARAM_KINDS[was]}
    assert _enforce_params_schema(dict(given), ParamSchema.from_json(json.dumps(before))) == given
    assert _enforce_params_schema(dict(given), ParamSchema.from_json(json.dumps(after))) == given


# what is called breaking hurts somebody

A, B = spec("a", "double"), spec("b", "long")


@pytest.mark.parametrize(
    ("was", "now", "body"),
    [
        pytest.param([A], [A, B], {"dataframe_records": [{"a": 1.5}]}, id="a required column is new"),
        pytest.param([A], [A, spec("b", "long", False)], {"inputs": [1.5]}, id="bare list, optional column is new"),
        pytest.param([A, spec("b", "long", False)], [A, B], {"dataframe_records": [{"a": 1}]}, id="now required"),
        pytest.param([spec("a", "string")], [A], {"dataframe_records": [{"a": "x"}]}, id="text to number"),
        pytest.param([A], [spec("b", "long", False)], {"dataframe_records": [{"a": 1.5}]}, id="nothing is kept"),
        pytest.param([B], [spec("b", "integer")], {"dataframe_records": [{"b": 2**40}]}, id="long to integer"),
        pytest.param([A], [spec("a", "long")], {"dataframe_records": [{"a": 1.5}]}, id="double to long"),
        pytest.param([A], [spec("a", "float")], {"dataframe_records": [{"a": 1.1}]}, id="double to float"),
        pytest.param([A], [spec("a", "string")], {"inputs": {"a": [1.5]}}, id="number to text"),
        pytest.param(
            [A, {"name": "v", "type": "array", "items": {"type": "double"}, "required": True}],
            [A],
            {"inputs": {"a": 1.5, "v": [1.5, 2.5]}},
            id="one row becomes two",
        ),
        pytest.param(
            [{"name": "v", "type": "array", "items": {"type": "long"}, "required": True}],
            [{"name": "v", "type": "array", "items": {"type": "double"}, "required": True}],
            {"dataframe_records": [{"v": [7, 9]}]},
            id="nothing is converted inside a list",
        ),
        pytest.param(
            [{"name": "o", "type": "object", "properties": {"p": {"type": "long"}, "q": {"type": "long"}}}],
            [{"name": "o", "type": "object", "properties": {"p": {"type": "long"}}}],
            {"dataframe_records": [{"o": {"p": 1, "q": 2}}]},
            id="a property is gone",
        ),
    ],
)
def test_what_is_called_breaking_refuses_a_request_or_changes_what_it_says(mlflow_says, was, now, body):
    assert mlflow_says.worst(was, now)[0] is Compatibility.BREAKING
    before, after = mlflow_says.served(body, was), mlflow_says.served(body, now)
    assert before is not None
    kept = [one["name"] for one in now if one["name"] in before]
    same = (
        after is not None
        and len(before) == len(after)
        and all(before[name].tolist() == after[name].tolist() for name in kept)
    )
    assert not same


def test_mlflow_ignores_columns_it_does_not_know(mlflow_says):
    assert mlflow_says.served({"dataframe_records": [{"a": 1.5, "b": "anything"}]}, [A]).to_dict("list") == {"a": [1.5]}


def test_mlflow_refuses_a_single_row_with_a_column_too_many_and_the_caveat_says_so(mlflow_says):
    assert mlflow_says.served({"inputs": {"a": 1.5, "b": 2}}, [A, B]) is not None
    assert mlflow_says.served({"inputs": {"a": 1.5, "b": 2}}, [A]) is None
    (change,) = input_changes(Signature((A, B)), Signature((A,)))
    assert (change.kind, "single row" in change.caveat) == (Compatibility.WIDENING, True)


def test_mlflow_refuses_typed_64_bit_integers_for_a_double_column(mlflow_says):
    frame = pd.DataFrame({"a": [7, 9]})
    validate_schema(frame, mlflow_says.schema([spec("a", "long")]))
    assert mlflow_says.worst([spec("a", "long")], [A]) == (Compatibility.WIDENING, True)
    with pytest.raises(MlflowException, match="Can not safely convert int64 to float64"):
        validate_schema(frame, mlflow_says.schema([A]))
