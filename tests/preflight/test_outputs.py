"""How differences of answers are classed."""

import pytest

from greenramp.preflight import Signature
from greenramp.preflight.outputs import output_changes


def col(name, kind="double", required=True):
    return {"name": name, "type": kind, "required": required}


def unnamed(kind):
    return {"type": kind, "required": True}


def tensor(shape, dtype="float64"):
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}}


def kinds(was, now):
    changes = output_changes(Signature(outputs=tuple(was)), Signature(outputs=tuple(now)))
    return [change.kind.value for change in changes]


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [
        pytest.param([unnamed("long")], [tensor([-1], "int64")], "compatible", id="a list however it is described"),
        pytest.param([tensor([-1], "float32")], [tensor([-1])], "compatible", id="numbers of one family"),
        pytest.param([col("a"), col("b")], [col("b"), col("a")], "compatible", id="order"),
        pytest.param([unnamed("float")], [unnamed("double")], "widening", id="float to double"),
        pytest.param([col("a")], [col("b")], "widening", id="another name of the only one"),
        pytest.param([col("a")], [unnamed("double")], "widening", id="no name any more"),
        pytest.param([col("a"), col("b")], [col("a"), col("b"), col("c")], "widening", id="one more"),
        pytest.param([tensor([-1, 3], "float32")], [tensor([-1, 3])], "widening", id="wider tensor"),
        pytest.param([unnamed("long")], [unnamed("double")], "breaking", id="labels become probabilities"),
        pytest.param([tensor([-1], "int64")], [tensor([-1])], "breaking", id="the same as tensors"),
        pytest.param([unnamed("string")], [unnamed("long")], "breaking", id="text to number"),
        pytest.param([tensor([-1])], [tensor([-1, 2])], "breaking", id="another shape"),
        pytest.param([tensor([-1, 2])], [tensor([-1, 3])], "breaking", id="one class more"),
        pytest.param([unnamed("double")] * 2, [unnamed("double")] * 3, "breaking", id="unnamed ones more"),
        pytest.param([unnamed("double")], [unnamed("double") | {"required": False}], "breaking", id="may be missing"),
    ],
)
def test_a_difference_of_answers_is_classed(was, now, kind):
    assert kinds(was, now) == [kind]


def test_a_column_that_is_gone_from_the_answers_is_breaking():
    assert "breaking" in kinds([col("a"), col("b")], [col("a"), col("c")])


@pytest.mark.parametrize("same", [[col("a")], [unnamed("long")], [tensor([-1, 2])], [col("a"), col("b")]])
def test_the_same_answers_are_no_change(same):
    assert kinds(same, same) == []


def test_answers_described_on_one_side_only_hurt_nobody_yet():
    described = Signature(outputs=(col("a"),))
    assert [change.kind for change in output_changes(Signature(), described)] == ["compatible"]
    (change,) = output_changes(described, Signature())
    assert change.kind == "widening"
    assert change.caveat
