"""What one client can take of the real edge: sizes, time and connections."""

import contextlib
import socket
from dataclasses import replace

import pytest

from greenramp.traffic.handling import Edge
from greenramp.traffic.split import Side


@pytest.fixture
def limited(with_edge, new_server):
    """Start an edge with these limits before a service with a live side."""

    def start(**edge):
        site = with_edge(Edge(**edge))
        site.add("fraud", Side.BLUE, new_server("blue"))
        site.serve("fraud", Side.BLUE)
        return site

    return start


def arrived(site):
    return site.counted("cluster.fraud.blue-live.upstream_rq_total")


def test_the_largest_body_allowed_arrives_and_one_byte_more_does_not(site, blue):
    site.handle("fraud", max_body_kb=3)
    before = arrived(site)
    assert site.ask("/fraud/", method="POST", body="x" * 3072).status == 200
    assert arrived(site) == before + 1
    assert site.ask("/fraud/", method="POST", body="x" * 3073).status == 413
    assert arrived(site) == before + 1


def test_a_body_that_does_not_say_its_length_is_held_to_the_same_limit(site, blue):
    site.handle("fraud", max_body_kb=3)
    before = arrived(site)
    head = b"POST /fraud/ HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert site.say(head + b"c01\r\n" + b"x" * 3073 + b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 413 ")
    assert arrived(site) == before
    assert site.say(head + b"c00\r\n" + b"x" * 3072 + b"\r\n0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_body_of_many_megabytes_arrives_whole_where_a_service_takes_it(site, blue):
    assert site.ask("/fraud/", method="POST", body="x" * 16_384 * 1024).text.count("x" * 1024) == 16_384


def test_headers_that_are_too_large_are_refused(limited):
    site = limited(max_headers_kb=4)
    assert site.ask("/fraud/", x_large="x" * 3000).status == 200
    assert site.ask("/fraud/", x_large="x" * 4200).status == 431
    assert arrived(site) == 1


def test_too_many_headers_are_refused(site, blue):
    before = arrived(site)
    assert site.ask("/fraud/", **{f"x-{n}": "1" for n in range(80)}).status == 200
    assert site.ask("/fraud/", **{f"x-{n}": "1" for n in range(120)}).status == 431
    assert arrived(site) == before + 1


def test_a_body_that_never_ends_is_given_up(limited):
    site = limited(request_seconds=1.0)
    answer = site.say(b"POST /fraud/ HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert arrived(site) == 0


def test_the_time_for_a_request_to_arrive_does_not_count_that_for_its_answer(limited, new_server, eventually):
    site, slow = limited(request_seconds=0.3), new_server("slow")
    site.add("slow", Side.BLUE, slow)
    site.serve("slow", Side.BLUE)
    slow.hold.clear()
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall(b"GET /slow/ HTTP/1.1\r\nhost: x\r\n\r\n")
        connection.settimeout(1.0)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        slow.hold.set()
        connection.settimeout(30)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_connection_without_a_request_is_closed_in_time(limited):
    site = limited(idle_seconds=0.3)
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        assert connection.recv(100) == b""


def test_one_connection_more_than_allowed_is_closed_and_finds_room_later(limited, eventually):
    site = limited(max_connections=2)
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            ask = stack.enter_context(site.connected())
            assert ask("/fraud/").status == 200
        assert site.say(b"GET /fraud/ HTTP/1.1\r\nhost: x\r\n\r\n") == b""
    request = b"GET /fraud/ HTTP/1.1\r\nhost: x\r\n\r\n"
    eventually(lambda: site.say(request).startswith(b"HTTP/1.1 200 "), "there is room again")


@pytest.mark.parametrize("path", ["/nowhere/invocations", "/silent/invocations"])
def test_where_nobody_will_read_it_a_body_is_not_waited_for(site, path):
    site.router.change("silent", lambda route: replace(route, step="no version yet"))
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n\r\nonly the beginning".encode()
    assert site.say(head).split()[1] in (b"404", b"503")
