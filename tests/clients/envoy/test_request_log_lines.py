"""What users send can't forge a line of the request log, or break one."""

import pytest

from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.requestlines import RequestLines, rows_of
from greenramp.traffic.handling import Edge
from greenramp.traffic.split import Side

FORGED = (
    '","status":500,"ts":"1.000000","upstream_us":1,"user":"0000000000000001",'
    '"sent":"fraud.green-fallback fraud.split 5 25 1 green","x":"'
)
IDS = {
    "quotes": FORGED.encode(),
    "escapes": b'\\"\\\\' + FORGED.encode() + b"\\",
    "tabs": b'a\tb\t{"id":"x"}',
    "no text": b"\xff\xfe\xe2\x82 end",
    "very long": b"x" * 10_000,
    "very long, all quotes": b'"' * 5_000,
    "letters of many bytes": "\u2028 \U0001f600 ü".encode(),
    "nothing": b"",
}


@pytest.fixture
def trusting(with_edge, new_server):
    """A site that takes x-request-id from its users, with one server."""
    site = with_edge(Edge(trust_request_id=True))
    site.add("fraud", Side.BLUE, new_server("blue"))
    site.serve("fraud", Side.BLUE)
    return site


def test_no_request_id_forges_or_breaks_a_line(trusting):
    log = JsonLines.from_now(trusting.home.request_log)
    path = b"GET /fraud/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    for text in IDS.values():
        answer = trusting.say(path + b"x-request-id: " + text + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200"), text
    for smuggled in (b"a\nb: c", b"a\x00b", b"a\rb"):
        trusting.say(path + b"x-request-id: " + smuggled + b"\r\n\r\n")
    trusting.ask("/fraud/")
    blocks = []

    def logged():
        blocks.extend(iter(log.next_block, None))
        return sum(block.count(b'"sent":"fraud.blue-') for block in blocks) >= len(IDS) + 1

    trusting.eventually(logged, "all are logged")
    lines = RequestLines("fraud", ids=True)
    found = lines.read(b"".join(blocks))
    assert lines.broken == 0
    assert len(IDS) + 1 <= len(found) <= len(IDS) + 4  # of the smuggled ones Envoy may take some, cleaned
    assert not found.green.any()
    assert not found.failed.any()
    assert (found.ts > 1e9).all()
    assert 1 not in found.user
    assert "x" * 10_000 in found.ids
    assert FORGED in found.ids


def test_a_failure_is_logged_with_what_tells_its_cause_and_a_good_answer_in_short(trusting):
    trusting.ask("/nowhere/")
    trusting.ask("/fraud/")
    failed, answered = trusting.rows(1)
    assert (failed["status"], failed["details"], failed["flags"]) == (404, "direct_response", "-")
    assert {"host", "version", "bytes_in", "bytes_out"} < set(failed)
    assert answered["status"] == 200
    assert not set(answered) & {"details", "flags", "host", "version"}
    assert answered["environment"] == "blue"


def test_what_the_router_logs_is_read_many_lines_at_a_time(trusting):
    for path in ("/fraud/", "/nowhere/", "/fraud/"):
        trusting.ask(path)
    trusting.rows(2)
    lines = trusting.home.request_log.read_bytes()
    assert len(rows_of(lines, ids=True)) == lines.count(b"\n")
