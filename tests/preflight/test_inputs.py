"""How differences of inputs and parameters are classed; tests/preflight/test_enforcement.py asks MLflow itself."""

import pytest

from greenramp.preflight import Signature
from greenramp.preflight.inputs import input_changes, param_changes


def col(name, kind="double", required=True, **more):
    return {"name": name, "type": kind, "required": required, **more}


def unnamed(kind):
    return {"type": kind, "required": True}


def tensor(shape, dtype="float64", **more):
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}, **more}


def obj(**properties):
    return {"name": "o", "type": "object", "properties": properties, "required": True}


def said(was, now):
    return {change.what: change.kind.value for change in input_changes(Signature(tuple(was)), Signature(tuple(now)))}


A, B = col("a"), col("b", "long")


@pytest.mark.parametrize("same", [[A, B], [unnamed("string")], [tensor([-1, 4])], [obj(p={"type": "long"})], []])
def test_the_same_inputs_are_no_change(same):
    assert said(same, same) == {}


def test_columns_in_another_order_are_compatible_since_they_have_names():
    assert said([A, B], [B, A]) == {"columns stand in another order; MLflow matches them by name": "compatible"}


@pytest.mark.parametrize(
    ("was", "now", "what", "kind"),
    [
        ([A, B], [A], "column b is not used any more; MLflow ignores it", "widening"),
        ([A, B], [A, B, col("c", required=False)], "column c is new, optional", "widening"),
        ([A, B], [A, B, col("c")], "column c is new, required", "breaking"),
        ([A, B], [A, col("b", "long", False)], "column b may be left out", "widening"),
        ([A, col("b", "long", False)], [A, B], "column b must now be given", "breaking"),
        ([A, col("b", "integer")], [A, B], "column b takes a wider type", "widening"),
        ([A, col("b", "integer")], [A, col("b")], "column b takes a wider type", "widening"),
        ([A, B], [A, col("b")], "column b takes a wider type", "widening"),
        ([A, B], [A, col("b", "integer")], "column b has another type", "breaking"),
        ([A, B], [A, col("b", "float")], "column b has another type", "breaking"),
        ([A, B], [A, col("b", "string")], "column b has another type", "breaking"),
        ([A, B], [A, col("b", "boolean")], "column b has another type", "breaking"),
        ([unnamed("long")] * 2, [unnamed("long")], "unnamed columns, known by their place, differ", "breaking"),
        ([A], [unnamed("double")], "inputs have another form", "breaking"),
        ([A], [tensor([-1], name="a")], "inputs have another form", "breaking"),
        ([tensor([-1, 4])], [tensor([-1, 5])], "the input has another shape", "breaking"),
        ([tensor([-1, 4])], [tensor([-1, 4, 1])], "the input has another shape", "breaking"),
        ([tensor([8, 4])], [tensor([-1, 4])], "the input takes more shapes", "widening"),
        ([tensor([-1, 4])], [tensor([-1, -1])], "the input has another shape", "breaking"),
        ([tensor([-1, -1, 3])], [tensor([-1, -1, -1])], "the input takes more shapes", "widening"),
        ([tensor([-1], "float32")], [tensor([-1])], "the input takes a wider number", "widening"),
        ([tensor([-1])], [tensor([-1], "float32")], "the input has another type", "breaking"),
        ([tensor([-1], "str")], [tensor([-1])], "the input has another type", "breaking"),
        (
            [obj(p={"type": "long", "required": True})],
            [obj(p={"type": "long", "required": False})],
            "column o.p may be left out",
            "widening",
        ),
        ([obj(p={"type": "integer"})], [obj(p={"type": "long"})], "column o.p takes a wider type", "widening"),
        ([obj(p={"type": "long"})], [obj(p={"type": "double"})], "column o.p has another type", "breaking"),
        (
            [obj(p={"type": "long"})],
            [obj(p={"type": "long"}, q={"type": "long", "required": False})],
            "column o.q is new, optional",
            "widening",
        ),
        (
            [obj(p={"type": "long"}, q={"type": "long"})],
            [obj(p={"type": "long"})],
            "column o.q is refused now: objects take no unknown property",
            "breaking",
        ),
    ],
)
def test_a_difference_is_named_and_classed(was, now, what, kind):
    assert said(was, now)[what] == kind


def test_removing_the_only_column_every_request_has_is_breaking():
    assert "breaking" in said([A, col("b", required=False)], [col("b", required=False)]).values()


def test_one_column_that_becomes_two_no_longer_takes_a_bare_list():
    assert (
        said([A], [A, col("c", required=False)])["a bare list of values is taken only by a single column"] == "breaking"
    )


def test_checks_by_type_hints_on_one_side_only_are_breaking():
    hinted = Signature((unnamed("string"),), from_type_hint=True)
    (change,) = input_changes(hinted, Signature((unnamed("string"),)))
    assert (change.kind, change.was, change.now) == ("breaking", "type hints", "MLflow's schema")


def test_inputs_described_on_one_side_only_are_let_through_with_a_warning_word():
    for was, now in ((Signature(), Signature((A,))), (Signature((A,)), Signature())):
        (change,) = input_changes(was, now)
        assert change.kind == "widening"
        assert change.caveat


# parameters


def param(kind="double", default=0.5, shape=None):
    return {"name": "p", "type": kind, "default": default, "shape": shape}


@pytest.mark.parametrize(
    ("was", "now", "what", "kind"),
    [
        ([param()], [], "parameter p is ignored now", "breaking"),
        ([], [param()], "parameter p is new, default 0.5", "widening"),
        ([param("long", 1)], [param("double", 1)], "parameter p takes a wider type", "widening"),
        ([param("double", 1)], [param("long", 1)], "parameter p has another type", "breaking"),
        ([param(shape=[-1])], [param()], "parameter p has another shape", "breaking"),
        ([param()], [param(default=0.7)], "parameter p has another default", "widening"),
    ],
)
def test_a_difference_of_parameters_is_named_and_classed(was, now, what, kind):
    assert {change.what: change.kind.value for change in param_changes(tuple(was), tuple(now))} == {what: kind}


def test_the_same_parameters_are_no_change():
    assert not list(param_changes((param(),), (param(),)))
