"""Growing files are read line by line, each line once, through their rotations."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.clients.jsonlines import OLDER_KEPT, JsonLines, generation
from greenramp.serving.boundedfile import BoundedFile


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def rotate(log: Path, kept: int = OLDER_KEPT) -> None:
    for number in range(kept, 0, -1):
        if generation(log, number - 1).exists():
            generation(log, number - 1).replace(generation(log, number))


def numbered(*numbers: int) -> str:
    return "".join(f'{{"n": {n}}}\n' for n in numbers)


def seen(lines: JsonLines) -> list[int]:
    return [row["n"] for row in lines.read_new()]


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


def test_an_offset_alone_is_meant_in_the_newest_file(log):
    append(log, numbered(1))
    rotate(log)
    append(log, numbered(2, 3))
    assert seen(JsonLines(log, len(numbered(2)))) == [3]


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


def test_a_file_that_was_written_over_is_read_from_its_start_and_counted(log):
    append(log, numbered(1, 2))
    lines = JsonLines.from_now(log)
    log.write_text(numbered(*range(10, 20)))
    assert seen(lines) == list(range(10, 20))
    assert (lines.gaps, lines.broken) == (1, 0)


def test_a_file_that_was_cut_short_after_a_rotation_does_not_bring_back_the_older_one(log):
    append(log, numbered(1, 2))
    rotate(log)
    append(log, numbered(3, 4))
    lines = JsonLines.from_now(log)
    log.write_text(numbered(5))
    assert seen(lines) == [5]


# marks and rotations


def test_a_mark_is_plain_data_and_all_that_is_needed_to_go_on_elsewhere(log):
    append(log, numbered(1))
    first = JsonLines(log)
    first.read_new()
    append(log, numbered(2))
    assert json.loads(json.dumps(first.mark)) == first.mark
    assert seen(JsonLines.from_mark(log, first.mark)) == [2]


@pytest.mark.parametrize("rotations", range(OLDER_KEPT + 1))
def test_a_mark_holds_through_as_many_rotations_as_are_kept(log, rotations):
    append(log, numbered(-2))
    rotate(log)
    append(log, numbered(-1))
    mark = JsonLines.from_now(log).mark
    append(log, numbered(0))
    for n in range(1, rotations + 1):
        rotate(log)
        append(log, numbered(n))
    lines = JsonLines.from_mark(log, mark)
    assert seen(lines) == list(range(rotations + 1))
    assert (lines.gaps, lines.broken) == (0, 0)


def test_when_the_marked_file_is_gone_the_oldest_that_is_kept_comes_first_and_the_gap_is_counted(log):
    append(log, numbered(1))
    lines = JsonLines.from_now(log)
    with log.open():  # as long as it is open, its inode is not given to a new file
        for n in (2, 3, 4):
            rotate(log, kept=1)
            append(log, numbered(n))
        assert seen(lines) == [3, 4]
    assert lines.gaps == 1


def test_a_file_that_was_not_there_when_marked_is_read_from_its_start_whatever_its_name_is_now(log):
    mark = JsonLines.from_now(log).mark
    append(log, numbered(1))
    rotate(log)
    append(log, numbered(2))
    rotate(log)
    assert seen(JsonLines.from_mark(log, mark)) == [1, 2]


def test_a_mark_taken_while_no_new_file_is_open_yet_lies_in_the_renamed_one(log):
    append(log, numbered(1))
    rotate(log)
    mark = JsonLines.from_now(log).mark
    append(generation(log, 1), numbered(2))
    append(log, numbered(3))
    assert seen(JsonLines.from_mark(log, mark)) == [2, 3]


def test_a_renamed_file_is_not_finished_before_there_is_a_new_one(log):
    lines = JsonLines(log)
    append(log, numbered(1) + '{"n": ')
    rotate(log)
    assert seen(lines) == [1]
    append(generation(log, 1), "2}\n")
    append(log, numbered(3))
    assert seen(lines) == [2, 3]
    assert lines.broken == 0


def test_half_a_line_at_the_end_of_a_finished_file_is_broken(log):
    append(log, numbered(1) + '{"n": ')
    rotate(log)
    append(log, numbered(2))
    lines = JsonLines(log)
    assert seen(lines) == [1, 2]
    assert lines.broken == 1


def test_a_number_that_is_missing_in_the_middle_of_a_shift_hides_nothing(log):
    append(generation(log, 3), numbered(1))
    append(generation(log, 1), numbered(2))
    assert seen(JsonLines(log)) == [1, 2]


COUNT_LINES = """
import sys, tracemalloc
from pathlib import Path
from greenramp.clients.jsonlines import JsonLines
tracemalloc.start()
count = sum(1 for _ in JsonLines(Path(sys.argv[1])).new_lines())
print([count, tracemalloc.get_traced_memory()[1]])
"""
"""In a process of its own: other threads' memory would be counted, too."""


def test_much_that_is_new_is_read_with_little_in_memory(log):
    line = json.dumps({"text": "x" * 1000}) + "\n"
    append(log, line * 20_000)
    rotate(log)
    append(log, line * 1_000)
    read = subprocess.run([sys.executable, "-c", COUNT_LINES, str(log)], capture_output=True, text=True, check=True)
    count, most = json.loads(read.stdout)
    assert count == 21_000
    assert most < 10e6


def test_a_line_longer_than_what_is_read_at_once_is_whole(log):
    append(log, json.dumps({"text": "x" * 3_000_000}) + "\n" + numbered(1))
    first, second = JsonLines(log).read_new()
    assert (len(first["text"]), second) == (3_000_000, {"n": 1})


STEPS = st.lists(st.one_of(st.integers(1, 4), st.sampled_from(["rename", "open", "read", "resume"])), max_size=40)


@given(STEPS)
def test_every_line_comes_once_and_in_order_however_it_is_rotated(tmp_path_factory, steps):
    """The writer goes on in the renamed file until it opens a new one, as Envoy does."""
    log = tmp_path_factory.mktemp("rotated") / "log.jsonl"
    writer, lines, got, written, rotations = log.open("ab", buffering=0), JsonLines(log), [], 0, 0
    for step in [*steps, "read"]:
        if step == "rename" and rotations < OLDER_KEPT and log.exists():
            rotate(log)
            rotations += 1
        elif step == "open":
            writer.close()
            writer = log.open("ab", buffering=0)
        elif step in ("read", "resume"):
            if step == "resume":
                lines = JsonLines.from_mark(log, lines.mark)
            got += seen(lines)
            rotations = 0
        elif isinstance(step, int):
            writer.write(numbered(*range(written, written + step)).encode())
            written += step
    writer.close()
    assert got == list(range(written))
    assert (lines.gaps, lines.broken) == (0, 0)


@given(st.lists(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), max_size=30))
def test_what_an_environment_logs_comes_once_and_in_order(tmp_path_factory, batches):
    log = tmp_path_factory.mktemp("bounded") / "log.jsonl"
    file, lines, got = BoundedFile(log, max_bytes=100), JsonLines(log), []
    for batch in batches:  # at most one rotation between two looks: one older file is kept
        file.append([numbered(n).encode() for n in batch])
        got += seen(lines)
    file.close()
    assert got == [n for batch in batches for n in batch]
    assert lines.gaps == 0


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
