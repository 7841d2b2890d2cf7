"""Lists, objects and tensors that are called harmless are held against MLflow's own enforcement, too."""

import copy

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from greenramp.preflight.change import Compatibility

VALUES = {
    "long": st.integers(-(2**53), 2**53),
    "double": st.floats(-1e12, 1e12),
    "string": st.text("abc1 ", max_size=4),
    "boolean": st.booleans(),
}


# lists, objects and maps


def nested(depth=2):
    scalar = st.sampled_from(["long", "double", "string", "boolean"]).map(lambda kind: {"type": kind})
    if not depth:
        return scalar
    inner = nested(depth - 1)
    properties = st.dictionaries(st.sampled_from("pq"), st.tuples(inner, st.booleans()), min_size=1)
    return st.one_of(
        scalar,
        inner.map(lambda items: {"type": "array", "items": items}),
        inner.map(lambda values: {"type": "map", "values": values}),
        properties.map(
            lambda found: {
                "type": "object",
                "properties": {name: {**kind, "required": need} for name, (kind, need) in found.items()},
            }
        ),
    )


@st.composite
def changed(draw, kind):
    """A nested type, with a little of it altered."""
    kind = copy.deepcopy(kind)
    if kind["type"] == "array":
        return {**kind, "items": draw(changed(kind["items"]))}
    if kind["type"] == "map":
        return {**kind, "values": draw(changed(kind["values"]))}
    if kind["type"] == "object":
        found = {}
        for name, of in kind["properties"].items():
            if draw(st.integers(0, 4)):
                need = draw(st.sampled_from([of["required"], False, True]))
                found[name] = {**draw(changed({k: v for k, v in of.items() if k != "required"})), "required": need}
        if not found or draw(st.booleans()):
            found["new"] = {"type": "double", "required": draw(st.booleans())}
        return {"type": "object", "properties": found}
    return draw(st.sampled_from([kind, kind, {"type": "double"}]))


def valued(kind):
    if kind["type"] == "array":
        return st.lists(valued(kind["items"]), max_size=2)
    if kind["type"] == "map":
        return st.dictionaries(st.sampled_from("mn"), valued(kind["values"]), max_size=2)
    if kind["type"] == "object":
        must = {name: valued(of) for name, of in kind["properties"].items() if of["required"]}
        may = {name: valued(of) for name, of in kind["properties"].items() if not of["required"]}
        return st.fixed_dictionaries(must, optional=may)
    return st.one_of(VALUES[kind["type"]], st.none())


@settings(max_examples=80)
@given(st.data())
def test_nested_values_the_champion_takes_are_taken_where_no_change_is_called_breaking(mlflow_says, data):
    kind = data.draw(nested())
    altered = data.draw(changed(kind))
    other = {"name": "z", "type": data.draw(st.sampled_from(["double", "string"])), "required": True}
    was = [{**kind, "name": "a", "required": data.draw(st.booleans())}, other]
    now = [{**altered, "name": "a", "required": data.draw(st.booleans())}] + data.draw(st.sampled_from([[other], []]))
    assume(mlflow_says.worst(was, now)[0] is not Compatibility.BREAKING)
    rows = data.draw(
        st.lists(st.fixed_dictionaries({"a": valued(kind), "z": VALUES[other["type"]]}), min_size=1, max_size=2)
    )
    for body, before, after in mlflow_says.pairs(rows, was, now):
        assert after is not None, (body, was, now)
        assert len(after) == len(before), (body, was, now)


# tensors

SHAPES = ([-1], [3], [-1, 2], [-1, -1], [2, 2], [2, -1], [-1, 2, 2], [-1, -1, 2])
DTYPES = ("int32", "int64", "float32", "float64", "uint8", "bool")


def tensor(shape, dtype, name):
    return [{**name, "type": "tensor", "tensor-spec": {"dtype": dtype, "shape": list(shape)}}]


def tensor_bodies(shape):
    size = [3 if n < 0 else n for n in shape]
    values = np.arange(np.prod(size)).reshape(size).tolist()
    flat = [[float(x) for x in np.ravel(row)] for row in values]
    yield {"inputs": values}
    yield {"instances": values}
    yield {"inputs": {"t": values}}
    yield {"dataframe_records": [{"t": row} for row in values]}
    yield {"dataframe_records": [{"t": row} for row in flat]}
    yield {"dataframe_split": {"columns": [str(n) for n in range(len(flat[0]))], "data": flat}}


@pytest.mark.parametrize("name", [{}, {"name": "t"}], ids=["unnamed", "named"])
@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([((a, "int64"), (b, "int64")) for a in SHAPES for b in SHAPES], id="shapes"),
        pytest.param([((s, a), (s, b)) for s in SHAPES[:3] for a in DTYPES for b in DTYPES], id="numbers"),
    ],
)
def test_tensors_the_champion_takes_are_taken_where_no_change_is_called_breaking(mlflow_says, pairs, name):
    compared = 0
    for before, after in pairs:
        was, now = tensor(*before, name), tensor(*after, name)
        if mlflow_says.worst(was, now)[0] is Compatibility.BREAKING:
            continue
        for body in tensor_bodies(before[0]):
            if mlflow_says.served(body, was) is not None:
                compared += before != after
                assert mlflow_says.served(body, now) is not None, (before, after, body)
    assert compared
