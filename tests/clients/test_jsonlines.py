"""Growing files are read line by line, each line once."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.clients.jsonlines import JsonLines


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "log.jsonl"


def test_a_file_that_is_not_there_yet_has_no_lines_and_gets_some(log):
    lines = JsonLines(log)
    assert lines.read_new() == []
    append(log, '{"n": 1}\n')
    assert lines.read_new() == [{"n": 1}]


def test_each_line_is_read_once(log):
    lines = JsonLines(log)
    append(log, '{"n": 1}\n{"n": 2}\n')
    assert lines.read_new() == [{"n": 1}, {"n": 2}]
    assert lines.read_new() == []
    append(log, '{"n": 3}\n')
    assert lines.read_new() == [{"n": 3}]


def test_what_was_there_before_is_passed_over_when_asked_to(log):
    append(log, '{"n": 1}\n')
    lines = JsonLines.from_now(log)
    append(log, '{"n": 2}\n')
    assert lines.read_new() == [{"n": 2}]
    assert JsonLines.from_now(log.with_name("none")).offset == 0


def test_half_a_line_waits_for_its_end(log):
    lines = JsonLines(log)
    append(log, '{"n": 1}\n{"n": ')
    assert lines.read_new() == [{"n": 1}]
    assert lines.read_new() == []
    append(log, "2}")
    assert lines.read_new() == []
    append(log, "\n")
    assert lines.read_new() == [{"n": 2}]
    assert lines.broken == 0


def test_half_a_letter_waits_for_its_end(log):
    lines = JsonLines(log)
    line = '{"city": "Zürich"}\n'.encode()
    append(log, line[:12])
    assert lines.read_new() == []
    append(log, line[12:])
    assert lines.read_new() == [{"city": "Zürich"}]


@pytest.mark.parametrize(
    "broken",
    ["{half", "", "7", "[1, 2]", '"text"', "null", b"\xff\xfe", "{'n': 1}"],
    ids=["half", "empty", "number", "list", "text", "null", "no text", "python"],
)
def test_a_broken_line_is_counted_and_hides_no_other(log, broken):
    lines = JsonLines(log)
    append(log, '{"n": 1}\n')
    append(log, broken)
    append(log, '\n{"n": 2}\n')
    assert lines.read_new() == [{"n": 1}, {"n": 2}]
    assert lines.broken == 1


def test_a_file_that_was_replaced_is_read_from_its_start(log):
    lines = JsonLines(log)
    append(log, '{"n": 1}\n{"n": 2}\n')
    lines.read_new()
    log.rename(log.with_suffix(".1"))
    append(log, '{"new": 1}\n{"new": 2}\n{"new": 3}\n')
    assert lines.read_new() == [{"new": 1}, {"new": 2}, {"new": 3}]


def test_a_file_that_was_cut_short_is_read_from_its_start(log):
    lines = JsonLines(log)
    append(log, '{"n": 1}\n{"n": 2}\n')
    lines.read_new()
    log.write_text('{"new": 1}\n')
    assert lines.read_new() == [{"new": 1}]


def test_an_offset_is_all_that_is_needed_to_go_on_elsewhere(log):
    append(log, '{"n": 1}\n')
    first = JsonLines(log)
    first.read_new()
    append(log, '{"n": 2}\n')
    assert JsonLines(log, first.offset).read_new() == [{"n": 2}]


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=5)), max_size=8), st.data())
def test_every_line_comes_once_however_the_bytes_arrive(tmp_path_factory, rows, data):
    log = tmp_path_factory.mktemp("lines") / "log.jsonl"
    rest = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    lines, seen = JsonLines(log), []
    while rest:
        cut = data.draw(st.integers(1, len(rest)))
        append(log, rest[:cut])
        seen += lines.read_new()
        rest = rest[cut:]
    assert seen == rows
    assert lines.broken == 0
