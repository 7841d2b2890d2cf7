"""Tables for suites: recorded files of any columns, and what the serving version has answered."""

import json

import pandas as pd
import pytest

from greenramp.clients.envoy.routes import route_file
from greenramp.clients.frames import answers_of_live, read_frame
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

ROWS = [{"prediction": 1.5, "city": "007", "failed": False}, {"prediction": None, "city": "x", "failed": True}]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_a_recorded_table_is_read_with_whatever_columns_it_has(tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    if suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif suffix == ".csv":
        path.write_text("prediction,city,failed\n1.5,abc,false\n,x,true\n")
    else:
        pd.DataFrame(ROWS).to_parquet(path)
    frame = read_frame(path)
    assert list(frame.columns) == ["prediction", "city", "failed"]
    assert [str(frame[name].dtype) for name in ("prediction", "failed")] == ["float64", "bool"]
    assert frame["city"].tolist() == (["abc", "x"] if suffix == ".csv" else ["007", "x"])


def test_several_outputs_get_a_column_each(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"prediction": [0.1, 0.9]}\n{"prediction": null}\n{"prediction": [0.3, 0.7]}\n')
    frame = read_frame(path)
    assert frame["prediction_1"].fillna(-1).tolist() == [0.9, -1, 0.7]
    assert frame["prediction"].fillna(-1).tolist() == [0.1, -1, 0.3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.xlsx", b"", "wanted a file that ends in .jsonl, .csv, .parquet"),
        ("t.csv", b"", "not readable as .csv"),
        ("t.csv", b"a,b\n1,2,3\n1,2,3,4\n", "not readable as .csv"),
        ("t.csv", b"a\n\xff\xfe\n", "not readable as .csv"),
        ("t.jsonl", b"{", "not readable as .jsonl"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "row 2: wanted a JSON object; seen: [1]"),
        ("t.parquet", b"no parquet", "not readable as .parquet"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_frame(path)
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_frame(tmp_path / "t.csv")


# what the serving version has answered


def answer(request_id, ts, predictions, environment="blue", version="3", **more):
    row = {"v": 1, "ts": ts, "id": request_id, "service": "fraud", "environment": environment, "version": version}
    return json.dumps({**row, "status": 200, "ms": 2.0, "rows": 1, "predictions": predictions, **more}) + "\n"


@pytest.fixture
def serving(tmp_path):
    home = Home(tmp_path)
    home.predictions.mkdir()
    home.xds.mkdir(parents=True)
    (home.xds / "rds.json").write_text(json.dumps(route_file([Route("fraud", live=Side.BLUE)], 1)))
    return home


def log(home, name, *lines):
    (home.predictions / f"{name}.jsonl").write_text("".join(lines))


def test_the_newest_answers_of_the_serving_version_are_found(serving):
    older = [answer("z", 1, [9], version="2")]
    log(serving, "fraud.blue.0", *older, answer("a", 3, [7]), answer("b", 4, [None]))
    log(serving, "fraud.blue.1", answer("c", 2, [5, 6], rows=2))
    log(serving, "fraud.green.0", answer("d", 3, [8], environment="green"))
    log(serving, "other.blue.0", answer("e", 3, [8]))
    frame = answers_of_live(serving, "fraud")
    assert frame[["ts", "rows", "prediction"]].fillna(-1).values.tolist() == [[2, 2, 5], [3, 1, 7], [4, 1, -1]]
    assert frame["failed"].tolist() == [False] * 3


def test_copies_and_answers_too_long_for_the_log_are_left_out_and_failures_have_no_answer(serving):
    copied, long = answer("a", 1, [1], copy=True), answer("b", 2, None, truncated=True)
    failed = answer("c", 3, None, status=400, error="no column age")
    log(serving, "fraud.blue.0", copied, long, failed, '{"v":1,"dropped":3}\n', "nonsense\n", answer("d", 4, [1]))
    frame = answers_of_live(serving, "fraud")
    assert frame["failed"].tolist() == [True, False]
    assert frame["prediction"].fillna(-1).tolist() == [-1, 1]


def test_without_answers_it_is_an_empty_table(serving):
    assert answers_of_live(serving, "fraud").empty


def test_a_service_that_nobody_serves_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no version serves yet"):
        answers_of_live(Home(tmp_path), "fraud")
