"""One step's requests as a table: joined in any order, bounded, and nothing unknown is called null."""

import json
import math

import pytest

from greenramp.clients.steptable import Asked, StepTable, asked_in
from greenramp.traffic.split import Side


def asked(request_id, ts=1.0, failed=False, **more):
    given = {"status": 200, "failed": failed, "ms": 3.5, "user": "u", **more}
    return Asked(request_id, ts, **given)


def frame(requests, predictions, **more):
    table = StepTable("25 %", **more)
    table.add_requests(requests)
    table.add_predictions(predictions)
    return table.frame()


def test_a_request_and_its_answer_are_one_row():
    rows = frame([asked("a")], [("a", [7, 8])]).to_dict("records")
    assert rows == [
        {"ts": 1.0, "step": "25 %", "status": 200, "failed": False, "ms": 3.5, "user": "u", "rows": 2, "prediction": 7}
    ]


def test_answers_may_come_before_their_requests():
    table = StepTable("5 %")
    table.add_predictions([("b", [1]), ("a", [2])])
    table.add_requests([asked("a"), asked("b")])
    assert table.frame()["prediction"].tolist() == [2, 1]


def test_the_answer_to_a_request_that_failed_is_another_versions_and_left_out():
    found = frame([asked("a", failed=True, status=200), asked("b")], [("a", [1]), ("b", [2])])
    assert found["failed"].tolist() == [True, False]
    assert math.isnan(found["prediction"][0])
    assert found["prediction"][1] == 2


def test_an_answer_that_is_not_known_is_no_row_but_counted():
    table = StepTable("5 %")
    table.add_requests([asked("a"), asked("b")])
    table.add_predictions([("a", [None])])
    assert table.frame()["prediction"].tolist() == [None]
    assert table.unrecorded == 1


def test_several_outputs_get_a_column_each():
    found = frame([asked("a"), asked("b")], [("a", [[0.1, 0.9]]), ("b", [[0.3, 0.7], [1, 0]])])
    assert found[["prediction", "prediction_0", "prediction_1"]].values.tolist() == [[0.1, 0.1, 0.9], [0.3, 0.3, 0.7]]
    named = frame([asked("a")], [("a", [{"label": "x", "score": 0.5}])])
    assert named[["prediction", "prediction_label", "prediction_score"]].values.tolist() == [["x", "x", 0.5]]


def test_a_step_without_requests_is_a_table_without_rows_that_has_its_columns():
    found = frame([], [])
    assert list(found.columns) == ["ts", "step", "status", "failed", "ms", "user", "rows", "prediction"]
    assert len(found) == 0


def test_only_the_newest_requests_are_kept():
    many = [asked(str(n), ts=float(n)) for n in range(25)]
    found = frame(many, [(str(n), [n]) for n in range(25)], most_rows=10)
    assert found["prediction"].tolist() == list(range(15, 25))


def test_answers_that_belong_to_no_request_do_not_pile_up():
    table = StepTable("5 %", most_rows=10)
    for n in range(1000):
        table.add_predictions([(str(n), [n])])
    assert len(table._answers) == 20


def test_requests_without_an_id_are_rows_of_their_own():
    table = StepTable("5 %")
    table.add_requests([asked("", failed=True), asked("", failed=True)])
    assert len(table.frame()) == 2


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([1, 2], "int64"), ([1, 2.5], "float64"), ([1, None], "float64"), ([True, False], "bool"), (["a", 1], "object")]
    + [(["a", "b"], "object"), ([1, 2**70], "object"), ([True, None], "object"), ([True, 1], "object")],
)
def test_a_column_is_of_one_type_where_its_values_are(values, dtype):
    found = frame([asked(str(n)) for n in range(2)], [(str(n), [value]) for n, value in enumerate(values)])
    assert str(found["prediction"].dtype) == dtype


def line(cluster, status=200, **more):
    row = {"ts": "5", "id": "a", "user": "-", "cluster": cluster, "status": status, "attempts": 1, "upstream_us": 900}
    return json.loads(json.dumps(row | more))


def test_the_candidates_requests_are_found_in_the_routers_log():
    rows = [line("fraud.green-split"), line("fraud.blue-live"), line("other.green-split"), line("-")]
    rows.append(line("fraud.green-split", 503, user="u"))
    assert list(asked_in(rows, "fraud", Side.GREEN)) == [
        Asked("a", 5.0, 200, False, 0.9, ""),
        Asked("a", 5.0, 503, True, None, "u"),
    ]
