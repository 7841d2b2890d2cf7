"""What a server is asked that it must refuse."""

import json

import pytest

from greenramp.smoke.table import Table
from greenramp.smoke.wrong_input import wrong_inputs

TABLE = Table(("city", "age"), (["Ulm", 7], ["Bonn", 8]))
ALWAYS = ["broken JSON", "an empty body", "a content type nobody reads", "an unknown key"]


def whats(table, inputs):
    found = [one.what for one in wrong_inputs(table, inputs)]
    assert (found[:4], found[-1]) == (ALWAYS, "a body larger than is taken")
    return found[4:-1]


def columns(**kinds):
    return [{"name": name, "type": kind} for name, kind in kinds.items()]


@pytest.mark.parametrize(
    ("table", "inputs", "wanted"),
    [
        pytest.param(None, None, [], id="nothing known"),
        pytest.param(
            TABLE,
            columns(city="string", age="long"),
            ["a row without the column city", "a text in the column age"],
            id="columns",
        ),
        pytest.param(
            TABLE, None, ["a row without the column city", "a text in the column age"], id="columns of the example"
        ),
        pytest.param(
            Table(("city",), (["Ulm"],)),
            [{"name": "city", "type": "string", "required": False}],
            [],
            id="nothing is needed, and a text is fine",
        ),
        pytest.param(
            Table(None, ([1, 2],)),
            [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}],
            ["an array of another shape", "texts instead of numbers"],
            id="array",
        ),
        pytest.param(
            Table(None, (["a"],)),
            [{"type": "tensor", "tensor-spec": {"dtype": "str", "shape": [-1, -1]}}],
            [],
            id="any",
        ),
        pytest.param(Table(None, ([1],)), None, [], id="an array without a signature"),
    ],
)
def test_everything_that_can_be_got_wrong_is(table, inputs, wanted):
    assert whats(table, inputs) == wanted


def test_only_what_is_said_to_be_wrong_is_wrong():
    missing, text = wrong_inputs(TABLE, columns(city="string", age="long"))[4:6]
    assert json.loads(missing.body.content) == {"dataframe_split": {"columns": ["age"], "data": [[7]]}}
    assert json.loads(text.body.content) == {
        "dataframe_split": {"columns": ["city", "age"], "data": [["Ulm", "no number"]]}
    }


@pytest.mark.parametrize("inputs", [None, columns(city="string", age="long")], ids=["without", "with"])
def test_only_a_signature_says_that_columns_have_to_be_so(inputs):
    assert {one.may_pass for one in wrong_inputs(TABLE, inputs)[4:6]} == {inputs is None}
