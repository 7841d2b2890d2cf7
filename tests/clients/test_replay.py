"""Recorded requests go to both sides, marked, at the rate that was asked for."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from greenramp.clients.replay import Replaying


@pytest.fixture
def servers():
    """Two servers that answer everything; each has `seen`: (id, shadow header, payload)."""
    made = []

    def answer(handler):
        body = handler.rfile.read(int(handler.headers["content-length"]))
        seen = (handler.headers["x-request-id"], handler.headers["x-greenramp-shadow"], json.loads(body))
        handler.server.seen.append(seen)
        handler.send_response(200)
        handler.send_header("content-length", "0")
        handler.end_headers()

    methods = {"do_POST": answer, "log_message": lambda *_: None, "protocol_version": "HTTP/1.1"}
    for _ in range(2):
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (BaseHTTPRequestHandler,), methods))
        server.seen, server.daemon_threads = [], True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.append(server)
    yield made
    for server in made:
        server.shutdown()
        server.server_close()


def addresses(servers):
    return [[server.server_address] for server in servers]


def await_that(true):
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_both_sides_get_the_same_requests_under_the_same_ids_in_turn(servers):
    with Replaying("digits-2-x", [{"a": 1}, {"a": 2}], addresses(servers), 200, 5):
        await_that(lambda: all(len(server.seen) >= 5 for server in servers))
    first, second = ({seen[0]: seen[1:] for seen in server.seen} for server in servers)
    assert {key: first[key] for key in list(second)[:5]} == {key: second[key] for key in list(second)[:5]}
    assert first["replay.digits-2-x.0"] == ("1", {"a": 1})
    assert first["replay.digits-2-x.3"] == ("1", {"a": 2})


def test_no_more_are_sent_than_asked_for(servers):
    began = time.monotonic()
    with Replaying("r", [{}], addresses(servers), 20, 5):
        time.sleep(0.5)
    sent, seconds = len(servers[0].seen), time.monotonic() - began
    assert 1 <= sent <= 20 * seconds + 1
    time.sleep(0.2)
    assert len(servers[0].seen) == sent


def test_a_side_that_is_gone_does_not_end_the_replay(servers):
    sides = addresses(servers)
    servers[1].shutdown()
    servers[1].server_close()
    with Replaying("r", [{}], sides, 200, 5):
        await_that(lambda: len(servers[0].seen) >= 5)


def test_without_payloads_nothing_is_sent(servers):
    with Replaying("r", [], addresses(servers), 200, 5):
        time.sleep(0.1)
    assert servers[0].seen == []
