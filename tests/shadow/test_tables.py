"""Pairs as rows of a table, and the report as plain data."""

import json

import pandas as pd

from greenramp.shadow.answers import Answer
from greenramp.shadow.worst import Worst


def test_pairs_make_a_table_with_their_features_as_columns(sides):
    features = [{"country": "BR", "id": n, "tags": ["a", "b"]} for n in range(300)]
    found = sides.compare(
        [[1.5]] * 150 + [[2.5]] * 150,
        [[1.5]] * 150 + [[4.5]] * 150,
        features=features,
        columns=["country", "id", "tags"],
    )
    table = pd.DataFrame(found.rows())
    assert list(table.columns) == [
        "id", "ts", "live", "candidate", "difference", "agree", "wrong", "status_live", "status_candidate", "error",
        "ms_live", "ms_candidate", "country", "feature_id", "tags",
    ]  # fmt: skip
    assert len(table) == 300
    assert table["ts"].is_monotonic_increasing
    assert table["agree"].sum() == 150
    assert table["candidate"].iloc[-1] == 4.5
    assert table["tags"].iloc[0] == '["a", "b"]'


def test_the_table_is_bounded_and_long_answers_are_shortened(sides):
    found = sides.compare([["x" * 5000]] * 2500, [[{"text": "y" * 5000}]] * 2500)
    rows = found.rows()
    assert len(rows) == 2000
    assert max(len(str(row["live"])) for row in rows) <= 310


def test_a_report_is_plain_data_without_nan(sides):
    for live, candidate in (
        ([[1.0], [2.0]] * 200, [[1.1], [None]] * 200),
        ([["a"], ["b"]] * 200, [["a"], ["c"]] * 200),
        ([[[0.1, 5.0]], [[2.0, 3.0]]] * 200, [[[0.1, 9.0]], [[2.0, 3.0]]] * 200),
        ([], []),
    ):
        report = sides.compare(live, candidate).report()
        assert json.loads(json.dumps(report, allow_nan=False)) == report
        assert report["headline"] == report["findings"][0]


def test_the_worst_examples_tell_who_answered_what_to_whom(sides):
    live = [[float(n)] for n in range(300)]
    candidate = [[float(n)] if n != 77 else [900.0] for n in range(300)]
    candidate[5] = Answer("id-5", 0.05, 500, 3.0, None, None, "ValueError: no such country")
    candidate[6] = [None]
    worst = sides.compare(live, candidate).report()["worst"]
    first = worst[Worst.DIFFERENCE][0]
    assert (first["id"], first["live"], first["candidate"], first["agree"]) == ("id-77", 77.0, 900.0, False)
    assert worst[Worst.FAILED][0]["error"] == "ValueError: no such country"
    assert worst[Worst.INVALID][0]["wrong"] == "null instead of a number"
    assert worst[Worst.SLOW][0]["ms_candidate"] > worst[Worst.SLOW][0]["ms_live"]
