"""One request is one valid JSON line, whatever the client and the model say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.serving.identity import Identity
from greenramp.serving.logline import (
    MAX_ANSWER_CHARACTERS,
    MAX_INPUT_CHARACTERS,
    Scored,
    dropped_line,
    line_for,
    predictions_in,
)

IDENTITY = Identity("fraud", "blue", "7")


def line(answer: str = '{"predictions": [1]}', *, request_id: str = "r", status: int = 200, error: str | None = None):
    """Write a line and read it, refusing what strict JSON does not have."""
    text = line_for(Scored(1.5, request_id, status, 2.25, answer, error), IDENTITY)
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert text.isascii()
    return json.loads(text, parse_constant=pytest.fail)


def test_a_scored_request_is_told_in_full():
    assert line('{"predictions": [0.25, 0.75]}') == {
        "v": 1,
        "ts": 1.5,
        "id": "r",
        "service": "fraud",
        "environment": "blue",
        "version": "7",
        "status": 200,
        "ms": 2.25,
        "bytes": 29,
        "rows": 2,
        "predictions": [0.25, 0.75],
    }


def test_a_copy_is_told_to_be_one():
    told = json.loads(line_for(Scored(1.5, "r", 200, 2.25, '{"predictions": [1]}', None, copy=True), IDENTITY))
    assert (told["copy"], told["predictions"]) == (True, [1])


def test_an_error_is_told_with_the_start_of_its_message():
    told = line("ignored", status=400, error="no\n" * 200)
    assert told["status"] == 400
    assert told["error"] == ("no\n" * 200)[:300]
    assert told["predictions"] is None


def test_a_large_answer_is_left_out_and_that_is_said():
    told = line(answer := json.dumps({"predictions": ["x" * MAX_ANSWER_CHARACTERS]}))
    assert (told["predictions"], told["rows"], told["truncated"]) == (None, None, True)
    assert told["bytes"] == len(answer)


def test_what_is_let_go_of_an_answer_still_counts_for_its_size():
    lean = Scored(1.5, "r", 200, 2.25, "x" * (MAX_ANSWER_CHARACTERS + 1), None).lean()
    assert json.loads(line_for(lean, IDENTITY))["bytes"] == MAX_ANSWER_CHARACTERS + 1


def test_headers_that_are_kept_are_told():
    told = line_for(Scored(1.5, "r", 200, 2.25, "[1]", None, headers={"x-device": "phone"}), IDENTITY)
    assert json.loads(told)["headers"] == {"x-device": "phone"}


def test_predictions_stand_as_the_server_wrote_them():
    text = "[1e-07, 0.1234567890123456789, 3]"
    assert predictions_in(f'{{"predictions": {text}}}') == (text, 3)


@pytest.mark.parametrize(
    ("answer", "predictions", "rows"),
    [
        ('{"predictions": [{"a": 1}, {"a": 2}]}', [{"a": 1}, {"a": 2}], 2),
        ('{"predictions": {"a": [1, 2]}}', {"a": [1, 2]}, None),
        ('{"predictions": "word"}', "word", None),
        ('{"predictions": []}', [], 0),
        ('{"predictions": [NaN, Infinity, -Infinity, "NaN"]}', [None, None, None, "NaN"], 4),
        ('{"choices": [1]}', [{"choices": [1]}], 1),
        ('{"predictions": [1], "usage": 2}', [{"predictions": [1], "usage": 2}], 1),
        ('["a", "b"]', ["a", "b"], 2),
        ('"word"', "word", None),
        ("[NaN]", [None], 1),
    ],
)
def test_predictions_are_found_in_every_form_of_answer(answer, predictions, rows):
    told = line(answer)
    assert (told["predictions"], told["rows"]) == (predictions, rows)


def test_an_answer_that_is_no_json_is_left_out():
    assert line("<html>")["truncated"] is True
    assert line("[" * 60_000)["truncated"] is True


@given(request_id=st.text(max_size=300), error=st.none() | st.text(max_size=500))
def test_any_request_id_and_any_error_make_exactly_one_valid_line(request_id, error):
    told = line(request_id=request_id, error=error)
    assert told["id"] == request_id[:128]


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner), max_leaves=20))
def test_any_predictions_make_exactly_one_valid_line(predictions):
    told = line(json.dumps({"predictions": predictions}))
    assert told["rows"] == (len(predictions) if isinstance(predictions, list) else None)


def test_dropped_lines_are_counted_in_a_line_of_their_own():
    assert dropped_line(3) == '{"v":1,"dropped":3}\n'


@pytest.mark.parametrize(
    ("answer", "error"),
    [('{"predictions": [1]}', None), (json.dumps({"predictions": ["x" * 70_000]}), None), ("x" * 70_000, "y" * 70_000)],
    ids=["scored", "too large", "refused"],
)
def test_the_line_is_the_same_when_unused_text_was_let_go_before(answer, error):
    scored = Scored(1.5, "r" * 70_000, 200, 2.25, answer, error)
    assert line_for(scored.lean(), IDENTITY) == line_for(scored, IDENTITY)
    assert scored.lean().characters() < 1000


def with_inputs(values, columns=None, error=None, name="a"):
    """Read the line of a request whose body is kept; its one column holds the values."""
    body = json.dumps({"inputs": {name: values, "b": [0] * len(values)}}).encode()
    scored = Scored(1.5, "r", 200, 2.25, '{"predictions": [1]}', error, body=body)
    assert line_for(scored.lean(), IDENTITY, columns) == line_for(scored, IDENTITY, columns)
    text = line_for(scored, IDENTITY, columns)
    assert text.count("\n") == 1
    return json.loads(text, parse_constant=pytest.fail)


@pytest.mark.parametrize("error", [None, "refused"])
def test_inputs_stand_in_the_line_where_the_body_was_kept(error):
    told = with_inputs([1, "x\n"], error=error)
    assert told["inputs"] == {"columns": ["a", "b"], "rows": [[1, 0], ["x\n", 0]]}
    assert (told["predictions"], told.get("error")) == (None if error else [1], error)


def test_no_inputs_are_told_where_no_body_was_kept():
    assert "inputs" not in line()


def test_only_listed_columns_stand_in_the_line():
    told = with_inputs([1], ["a"])
    assert (told["inputs"], told["inputs_partial"]) == ({"columns": ["a"], "rows": [[1]]}, True)
    assert "inputs_partial" not in with_inputs([1])


@pytest.mark.parametrize("size", [MAX_INPUT_CHARACTERS, 2 * 1024 * 1024])
def test_large_inputs_are_left_out_and_that_is_said(size):
    told = with_inputs(["x" * size])
    assert (told["inputs"], told["inputs_truncated"], told["predictions"]) == (None, True, [1])


def test_a_large_request_is_told_by_its_listed_columns():
    assert with_inputs(["x" * MAX_INPUT_CHARACTERS], ["b"])["inputs"] == {"columns": ["b"], "rows": [[0]]}


def test_a_request_without_rows_is_told_to_have_none():
    scored = Scored(1.5, "r", 200, 2.25, '{"predictions": [1]}', None, body=b"a\n1\n")
    assert json.loads(line_for(scored, IDENTITY))["inputs"] is None
