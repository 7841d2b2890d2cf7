"""Recorded tables are read row by row; what can't be meant is named."""

import csv
import json
import math
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.clients.tables import Table
from greenramp.errors import ConfigError
from greenramp.judging.recorded import Row
from greenramp.traffic.split import Side

ROWS = [
    {"side": "candidate", "time": 1.5, "user": "ann", "share": 25.0, "step": "25 %", "failed": False, "ms": 12.5,
     "prediction": 7.0, "label": 7.0},
    {"side": "champion", "time": 2.0, "user": None, "share": 25.0, "step": "25 %", "failed": True, "ms": None,
     "prediction": None, "label": None},
]  # fmt: skip
READ = [
    Row(1, True, 1.5, "ann", 0.25, "25 %", False, 12.5, None, 7.0, 7.0),
    Row(2, False, 2.0, "", 0.25, "25 %", True),
]


def write(path, rows):
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def path(request, tmp_path):
    return tmp_path / f"table.{request.param}"


def test_every_format_gives_the_same_rows(path):
    assert list(Table(write(path, ROWS)).rows()) == READ


def test_a_survey_counts_sides_and_sees_whether_times_rise(path):
    survey = Table(write(path, [*ROWS, ROWS[0]])).survey()
    assert (survey.rows, survey.candidate, survey.ordered) == (3, 2, False)
    assert Table(write(path, ROWS)).survey().ordered


def test_blue_and_green_need_to_know_whose_they_are(path):
    write(path, [{"side": "blue", "failed": False}, {"side": "green", "failed": True}])
    assert [row.mine for row in Table(path, Side.GREEN).rows()] == [False, True]
    assert [row.mine for row in Table(path, Side.BLUE).rows()] == [True, False]
    with pytest.raises(ConfigError, match=r"row 1: side: wanted candidate or champion; say which .* --candidate; seen"):
        list(Table(path).rows())


@pytest.mark.parametrize(
    ("column", "value", "wanted"),
    [
        ("side", "left", "candidate or champion"),
        ("ms", -1.0, "milliseconds, at least 0"),
        ("ms", math.inf, "milliseconds, at least 0"),
        ("failed", 2, "true or false, or 1 or 0"),
        ("share", 101.0, "the candidate's percent of the traffic, 0 to 100"),
        ("time", 1.7e12, "seconds since 1970, or a date and time"),
        ("time", "yesterday", "seconds since 1970, or a date and time such as"),
    ],
)
def test_a_bad_value_is_named_with_its_place_and_what_was_wanted(path, column, value, wanted):
    good = {"side": "candidate", "time": 1.0, "failed": 0, "ms": 1.0, "share": 5.0}
    if column == "time" and isinstance(value, str):
        good["time"] = "2026-01-31T12:00:00Z"
    write(path, [good, good, {**good, column: value}])
    with pytest.raises(ConfigError) as caught:
        list(Table(path).rows())
    assert str(caught.value).startswith(f"{path}: row 3: {column}: wanted {wanted}")
    assert f"seen: {value!r}" in str(caught.value) or f"seen: '{value}'" in str(caught.value)


def test_times_may_be_dates(path):
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    write(path, [{"side": "champion", "time": moment if path.suffix == ".parquet" else moment.isoformat()}])
    assert next(iter(Table(path).rows())).ts == moment.timestamp()


def test_a_table_without_sides_is_refused_with_what_it_has(path):
    with pytest.raises(ConfigError, match=r"no column side; .* seen: size, fialed"):
        Table(write(path, [{"size": 1, "fialed": True}]))


def test_a_column_of_json_lines_may_begin_late(tmp_path):
    path = write(tmp_path / "t.jsonl", [{"side": "champion"}] * 3 + [{"side": "champion", "ms": 4}])
    assert [row.ms for row in Table(path).rows()] == [None, None, None, 4]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.jsonl", b'{"side": "champion"}\n[1]\n', "row 2: wanted a JSON object; seen: [1]"),
        ("t.jsonl", b'{"side": "champion"}\n{"side"\n', "row 2: wanted a JSON object"),
        ("t.jsonl", b"\xff\xfe", "not readable as .jsonl"),
        ("t.csv", b"side,ms\nchampion,1\nchampion\n", "row 2: wanted 2 cells; seen: 1"),
        ("t.csv", b"side,side\n", "given more than once: side"),
        ("t.csv", b"", "no column side"),
        ("t.parquet", b"no parquet at all", "not readable as .parquet"),
        ("t.xlsx", b"", "wanted a file that ends in .jsonl, .csv, .parquet"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        list(Table(path).rows())
    assert str(caught.value).startswith(str(path))
    assert said in str(caught.value)


def test_a_number_too_large_for_any_machine_is_named(tmp_path):
    path = tmp_path / "t.jsonl"
    path.write_text('{"side": "champion", "ms": 1' + 400 * "0" + "}")
    with pytest.raises(ConfigError, match="row 1: ms: wanted milliseconds"):
        list(Table(path).rows())


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        Table(tmp_path / "t.csv")


def test_cells_of_a_csv_file_are_numbers_truth_values_or_text(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("side,prediction,label\nchampion,7.0,7\nchampion,true,cat\nchampion,,nan\n")
    assert [(row.prediction, row.label) for row in Table(path).rows()] == [(7, 7), (True, "cat"), (None, "nan")]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"side": st.just("champion")},
            optional=dict.fromkeys(("time", "share", "failed", "ms", "wrong", "user", "label"), ANYTHING),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_stands_in_the_rows_they_are_read_or_refused_by_name(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        found = list(Table(path).rows())
    except ConfigError as error:
        assert str(error).startswith(f"{path}: row ")  # noqa: PT017  (either outcome is right)
        return
    for row in found:
        assert math.isfinite(row.ts)
        assert row.ms is None or (math.isfinite(row.ms) and row.ms >= 0)
        assert row.share is None or 0 <= row.share <= 1


@given(st.binary(max_size=60), st.sampled_from([".csv", ".jsonl", ".parquet"]))
def test_no_bytes_make_it_fail_otherwise(tmp_path_factory, content, suffix):
    path = tmp_path_factory.mktemp("bytes") / f"t{suffix}"
    path.write_bytes(b"side,ms,failed\n" + content if suffix == ".csv" else content)
    try:
        list(Table(path).rows())
    except ConfigError as error:
        assert str(error).startswith(str(path))  # noqa: PT017
