"""Lines of the router's log are read many at once as they would be read one by one."""

import json
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.clients.requestlines import RequestLines
from greenramp.measures.requestcolumns import requests_of
from greenramp.measures.traffic_log import seen_request

ROW = {  # the keys in Envoy's order
    "id": "fcd08bf1-2727-4684-800a-bacd80d555fe",
    "sent": "fraud.green-fallback fraud.split 5 25 1 green",
    "status": 200,
    "ts": "1795438069.812119",
    "upstream_us": 3709,
    "us": 5448,
    "user": "b8c02b1a25e7cc0e",
    "v": "2",
}
WHY = {"bytes_in": 353, "details": "via_upstream", "flags": "UF", "host": "127.0.0.1:19100", "version": None}
BEFORE = {
    "attempts": 1,
    "cluster": "fraud.green-fallback",
    "environment": "green",
    "generation": "5",
    "percent": "25",
    "route": "fraud.split",
    **{key: value for key, value in ROW.items() if key not in ("sent", "v")},
    "v": "1",
}
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(['","status":500,"x":"', "\\", '\\"', "\t", "é", "null", '"', "a" * 300, '":"', '\\","user":"']),
)
SENT = st.builds(
    lambda *values: " ".join(values),
    st.sampled_from(
        ["fraud.green-fallback", "fraud.blue-backed", "fraud.blue-live", "fraud-eu.green-live", "x", "-", ""]
    ),
    st.sampled_from(["fraud.split", "fraud.live", "-"]),
    st.sampled_from(["5", "6", "123456", "-"]),
    st.sampled_from(["0", "0.1", "25", "-"]),
    st.sampled_from(["0", "1", "2", "13", "-"]),
    st.one_of(st.sampled_from(["green", "blue", "-", "null"]), HOSTILE),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.one_of(st.none(), HOSTILE),
        "sent": SENT,
        "status": st.sampled_from([None, 0, 200, 302, 404, 500, 503, 2000, "200"]),
        "ts": st.sampled_from(["1795438069.812119", "1795438070.000001", "12.5", "1e3", "9999999999.999999", 12.5]),
        "upstream_us": st.sampled_from([None, 0, 9, 12345678, 123456789, 2**40, "-", "77"]),
        "user": st.one_of(st.sampled_from([None, "-", "", 7, "0" * 16, "F" * 16, "f" * 16, "g" * 16]), HOSTILE),
        "version": st.one_of(st.none(), HOSTILE),
    },
)


def read(text, service="fraud"):
    lines = RequestLines(service, ids=True)
    return lines.read(text if isinstance(text, bytes) else text.encode()), lines.broken


def logged(rows):
    return "".join(json.dumps(row, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows)


def one_by_one(rows, service="fraud"):
    return requests_of([seen for row in rows if (seen := seen_request(row)) and seen.service == service])


def same(found, wanted):
    for name in (field.name for field in fields(found)):
        one, other = getattr(found, name), getattr(wanted, name)
        if name == "ms":
            one, other = one[found.timed], other[found.timed]
        assert np.array_equal(one, other), name


@settings(max_examples=300, deadline=None)
@given(st.lists(CHANGES, max_size=12))
def test_lines_are_read_at_once_as_they_are_one_by_one(changes):
    rows = [{**ROW, **change} for change in changes]
    found, broken = read(logged(rows))
    same(found, one_by_one(rows))
    assert broken == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(CHANGES, st.permutations(list(ROW))), max_size=6))
def test_the_order_of_the_keys_may_be_any(changes):
    rows = [{**{key: {**ROW, **change}[key] for key in order}, **WHY} for change, order in changes]
    same(read(logged(rows))[0], one_by_one(rows))


def test_many_lines_alike_are_read_whole():
    rows = [{**ROW, "ts": f"{1795438069 + n}.{n:06}", "user": f"{n:016x}", "upstream_us": n * n} for n in range(3000)]
    same(read(logged(rows))[0], one_by_one(rows))


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("{half", id="half a line"),
        pytest.param("", id="nothing"),
        pytest.param("[1]", id="a list"),
        pytest.param(logged([{**ROW, "status": "many"}]).strip(), id="a status that is none"),
        pytest.param(
            logged([{**ROW, "sent": "fraud.red-live fraud.live 5 0 1 red"}]).strip(), id="a side that is none"
        ),
        pytest.param(logged([{**ROW, "ts": "soon"}]).strip(), id="a moment that is none"),
        pytest.param(logged([{k: v for k, v in ROW.items() if k != "status"}]).strip(), id="without a status"),
        pytest.param(logged([{**ROW, "sent": "fraud.green-live"}]).strip(), id="a place that is none"),
        pytest.param(logged([ROW]).strip() + logged([ROW]).strip(), id="two in one"),
        pytest.param(logged([ROW]).strip()[:-9] + "\x00\x01", id="cut off"),
    ],
)
def test_a_broken_line_is_counted_and_hides_no_other(broken):
    found, count = read(logged([ROW]) + broken + "\n" + logged([{**ROW, "id": "a2"}]))
    assert (list(found.ids), count) == ([ROW["id"], "a2"], 1)


def test_a_line_that_is_no_text_is_counted_and_hides_no_other():
    found, count = read(logged([ROW]).encode() + b"\xff\xfe\n" + logged([ROW]).encode())
    assert (len(found), count) == (2, 1)


def test_a_text_that_is_not_utf8_breaks_only_what_it_stands_in():
    line = logged([{**ROW, "id": "ID", "user": "USER"}]).encode().replace(b"ID", b"\xff\xfe").replace(b"USER", b"\xff")
    for text in (line, logged([ROW]).encode() + line, line + logged([ROW]).encode()):
        found, count = read(text)
        assert (len(found), count, found.failed.any()) == (text.count(b"\n"), 0, False)


def test_lines_of_a_log_before_version_2_are_read_too():
    rows = [{**(BEFORE if n % 3 else ROW), "id": f"a{n}", "upstream_us": n} for n in range(200)]
    same(read(logged(rows))[0], one_by_one(rows))


def test_one_broken_line_of_many_is_passed_over_alone():
    rows = [{**ROW, "id": f"a{n}", "ts": f"{n}.5", "status": 500 if n % 7 else 200} for n in range(3000)]
    lines = [json.dumps(row) for row in rows]
    lines[1234] = lines[1234][:40]
    found, broken = read("\n".join(lines) + "\n")
    same(found, one_by_one(rows[:1234] + rows[1235:]))
    assert broken == 1


def test_any_number_of_kinds_of_lines_is_read():
    rows = [{**ROW, "sent": f"{ROW['sent']}{n % 1500}", "status": 200 + n % 400} for n in range(3000)]
    same(read(logged(rows))[0], one_by_one(rows))


def test_a_line_longer_than_all_others_together_is_read():
    rows = [ROW, {**ROW, "id": "x" * 3_000_000}, ROW]
    same(read(logged(rows))[0], one_by_one(rows))


def test_ids_are_read_only_where_they_are_asked_for():
    assert RequestLines("fraud", ids=False).read(logged([ROW]).encode()).ids is None


def test_nothing_is_no_request():
    found, broken = read(b"")
    assert (len(found), broken) == (0, 0)
