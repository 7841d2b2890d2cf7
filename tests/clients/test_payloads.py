"""Requests a model is tried with: from its example, else from its signature."""

import json

import pytest
import yaml

from greenramp.clients.payloads import payloads_of


@pytest.fixture
def model(tmp_path):
    """Lay out a model's folder as MLflow does."""

    def lay_out(example=None, inputs=None):
        if example is not None:
            (tmp_path / "serving_input_example.json").write_text(json.dumps(example))
        signature = {"signature": {"inputs": json.dumps(inputs), "outputs": None}} if inputs is not None else {}
        (tmp_path / "MLmodel").write_text(yaml.safe_dump({"flavors": {}, **signature}))
        return str(tmp_path)

    return lay_out


ROW = {"columns": ["a", "b"], "data": [[1, 2]]}


@pytest.mark.parametrize(
    ("example", "wanted"),
    [
        pytest.param({"dataframe_split": ROW}, [{"dataframe_split": ROW}], id="one row"),
        pytest.param(
            {"dataframe_split": {"columns": ["a"], "index": [0, 1], "data": [[1], [2]]}},
            [
                {"dataframe_split": {"columns": ["a"], "data": [[1]]}},
                {"dataframe_split": {"columns": ["a"], "data": [[2]]}},
            ],
            id="rows of a frame, without their index",
        ),
        pytest.param(
            {"dataframe_records": [{"a": 1}, {"a": 2}]},
            [{"dataframe_records": [{"a": 1}]}, {"dataframe_records": [{"a": 2}]}],
            id="records",
        ),
        pytest.param({"inputs": [[1, 2], [3, 4]]}, [{"inputs": [[1, 2]]}, {"inputs": [[3, 4]]}], id="rows of a tensor"),
        pytest.param({"instances": [{"a": 1}]}, [{"instances": [{"a": 1}]}], id="instances"),
        pytest.param({"inputs": [1, 2, 3]}, [{"inputs": [1, 2, 3]}], id="one vector stays whole"),
        pytest.param({"inputs": {"a": [1, 2]}}, [{"inputs": {"a": [1, 2]}}], id="named tensors stay whole"),
        pytest.param({"inputs": []}, [{"inputs": []}], id="an empty list stays as it is"),
        pytest.param({"messages": [{"role": "user"}]}, [{"messages": [{"role": "user"}]}], id="a chat stays whole"),
        pytest.param([[1, 2]], [[[1, 2]]], id="an unknown form stays whole"),
    ],
)
def test_an_example_is_asked_row_by_row(model, example, wanted):
    path = model(example)
    assert payloads_of(path) == wanted


def test_a_large_example_gives_no_more_than_fifty_requests(model):
    assert len(payloads_of(model({"inputs": [[n] for n in range(1000)]}))) == 50


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        pytest.param(
            [
                {"name": "age", "type": "long", "required": True},
                {"name": "income", "type": "double", "required": False},
                {"name": "city", "type": "string", "required": True},
                {"name": "member", "type": "boolean", "required": True},
            ],
            [{"dataframe_records": [{"age": 0, "income": 0.0, "city": "", "member": False}]}],
            id="columns",
        ),
        pytest.param(
            [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 3]}}],
            [{"inputs": [[0, 0, 0]]}],
            id="tensor with any number of rows",
        ),
        pytest.param(
            [{"type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1, 2, 1]}}],
            [{"inputs": [[[""], [""]]]}],
            id="tensor of texts",
        ),
        pytest.param([{"name": "when", "type": "datetime", "required": True}], [], id="a column whose zero is unknown"),
        pytest.param([{"type": "string", "required": True}], [], id="a column without a name"),
        pytest.param(
            [{"name": "x", "type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}], [], id="named tensor"
        ),
    ],
)
def test_without_an_example_one_request_is_made_from_the_signature(model, inputs, wanted):
    path = model(inputs=inputs)
    assert payloads_of(path) == wanted


def test_the_example_goes_before_the_signature(model):
    assert payloads_of(model({"inputs": [[7]]}, [{"name": "a", "type": "long"}])) == [{"inputs": [[7]]}]


def test_a_model_that_says_nothing_is_asked_nothing(model):
    assert payloads_of(model()) == []
