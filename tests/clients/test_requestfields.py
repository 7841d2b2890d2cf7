"""What the fields between the commas say of a line is what JSON says, and lines they can't tell of are left out."""

import json

import numpy as np
import pytest

from greenramp.clients.requestfields import rows_by_fields
from greenramp.clients.requestjson import rows_by_json

LINE = (
    '{"id":"fcd08bf1-2727-4684-800a-bacd80d555fe","sent":"fraud.green-fallback fraud.split 5 25 1 green",'
    '"status":200,"ts":"1795438069.812119","upstream_us":3709,"us":5448,"user":"b8c02b1a25e7cc0e","v":"2"}'
)
FAILED = (
    '{"bytes_in":353,"bytes_out":91,"details":"via_upstream","flags":"-","host":"127.0.0.1:19100",'
    f'{LINE[1:].replace("200", "503")[:-1]},"version":null}}'
)


def read(*lines):
    return rows_by_fields("".join(line + "\n" for line in lines).encode(), len(lines), ids=True)


def read_as_json(lines):
    return rows_by_json("".join(line + "\n" for line in lines).encode(), len(lines), ids=True)


def columns(rows):
    kinds = [rows.kinds[number] for number in rows.kind]
    return kinds, rows.ts.tolist(), rows.timed.tolist(), rows.us[rows.timed].tolist(), rows.user.tolist(), rows.ids


@pytest.mark.parametrize("count", [1, 2, 3, 100, 1001])
def test_lines_of_good_answers_are_all_read_from_their_fields(count):
    lines = [
        LINE.replace("3709", str(n)).replace("812119", f"{n:06}").replace("cc0e", f"{n:04x}") for n in range(count)
    ]
    lines[count // 2] = lines[count // 2].replace("green", "blue").replace("200", "302")
    rows, taken = read(*lines)
    assert taken.tolist() == [True] * count
    assert columns(rows) == columns(read_as_json(lines))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(('"b8c02b1a25e7cc0e"', "null"), id="nobody"),
        pytest.param(('"b8c02b1a25e7cc0e"', '"-"'), id="a dash for nobody"),
        pytest.param(('"b8c02b1a25e7cc0e"', '"B8C02B1A25E7CC0E"'), id="a key of another kind"),
        pytest.param((":3709", ":null"), id="no time"),
        pytest.param(("fcd08bf1-2727-4684-800a-bacd80d555fe", ""), id="no id"),
        pytest.param((" green", ' \\"'), id="an escape in what all lines of a kind share"),
        pytest.param(('"2"', '"3"'), id="a later version"),
    ],
)
def test_what_may_differ_is_read_from_fields_too(change):
    lines = [LINE, LINE.replace(*change), LINE, LINE.replace(*change)]
    rows, taken = read(*lines)
    assert taken.all()
    assert columns(rows) == columns(read_as_json(lines))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(FAILED, id="a failure"),
        pytest.param("", id="nothing"),
        pytest.param("{}", id="no key"),
        pytest.param(LINE.replace(":3709", ":-1"), id="a time below 0"),
        pytest.param(LINE.replace(":5448", ":true"), id="a time that is none"),
        pytest.param(LINE.replace(":5448", ":"), id="a time that is missing"),
        pytest.param(LINE.replace('"us"', '"up"'), id="another key"),
        pytest.param(LINE.replace('"id"', '"user"', 1), id="a key in another's place"),
        pytest.param(LINE.replace(":200", ":2000"), id="a status that is none"),
        pytest.param(LINE.replace(":200", ":null"), id="no status"),
        pytest.param(LINE.replace(":200", ':"200"'), id="a status in quotes"),
        pytest.param(LINE.replace('"ts":"1795438069.812119"', '"ts":"'), id="half a text"),
        pytest.param(LINE.replace('"1795438069.812119"', "1795438069.812119"), id="a moment without quotes"),
        pytest.param(LINE[:-1], id="without its end"),
        pytest.param(LINE + "}", id="with two ends"),
        pytest.param(LINE[:60], id="cut off"),
        pytest.param(LINE.replace(",", ", "), id="with spaces"),
        pytest.param(LINE.replace("fcd0", "a,b"), id="a comma in a text"),
    ],
)
def test_a_line_that_does_not_look_like_a_good_answers_is_left_out_alone(line):
    rows, taken = read(LINE, line, LINE.replace("3709", "4"))
    assert taken.tolist() == [True, False, True]
    assert rows.us.tolist() == [3709, 4]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(LINE.replace("fcd0", '\\"'), id="an escape in a text"),
        pytest.param(LINE.replace("fcd0", '{"id":"x'), id="a quote in a text"),
        pytest.param(LINE.replace("1795438069.812119", "soon"), id="a moment that is none"),
        pytest.param(LINE.replace("3709", "9" * 20), id="a time that is too long"),
        pytest.param(LINE.replace("fcd0", "é"), id="a letter that is not ASCII"),
        pytest.param("\ufeff" + LINE, id="a mark before it"),
        pytest.param(LINE + "\r" + LINE, id="another end of a line"),
    ],
)
def test_a_line_of_which_nothing_can_be_said_leaves_all_to_json(line):
    assert read(LINE, line) is None
    assert read(line, LINE) is None


def test_many_failures_leave_all_to_json():
    assert read(*95 * [LINE], *32 * [FAILED])[1].sum() == 95
    assert read(*95 * [LINE], *33 * [FAILED]) is None
    assert read(*799 * [LINE], *100 * [FAILED])[1].sum() == 799


def test_nothing_is_left_to_json():
    assert rows_by_fields(b"", 0, ids=True) is None


def test_lines_left_out_are_put_back_in_their_places():
    lines = [FAILED if n % 3 == 1 else LINE.replace("fcd0", f"{n:04}") for n in range(30)]
    rows, taken = read(*lines)
    assert np.flatnonzero(~taken).tolist() == list(range(1, 30, 3))
    others = read_as_json(lines[1::3])
    assert columns(rows.among(others, taken)) == columns(read_as_json(lines))


def test_ids_are_given_only_if_they_are_wanted():
    assert rows_by_fields(f"{LINE}\n".encode(), 1, ids=False)[0].ids is None
    assert read(LINE)[0].ids == [json.loads(LINE)["id"]]
