"""A planned restart of the router: no request is lost, and wherever it stops, the next one goes on."""

import http.client
import socket
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import Upstream
from greenramp.errors import Unreachable
from greenramp.site.restart import settle_router
from greenramp.site.settings import read_settings
from greenramp.site.standby import ensure_standby
from greenramp.site.steering import YOUNGER, can_steer, choose
from greenramp.site.stop import end_processes
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import claim, copy
from greenramp.traffic.split import Side

pytestmark = pytest.mark.skipif(not can_steer(), reason="this kernel can't steer new connections")


@contextmanager
def asking(site):
    """Give a function that asks over one connection, and tells which side answered."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.settings.router_port, timeout=20)) as connection:

        def ask():
            connection.request("GET", "/fraud/invocations")
            answer = connection.getresponse()
            answer.read()
            return answer.headers["x-environment"]

        ask()
        yield ask


def copy_to(site, address):
    """Give another server as green copies of all requests."""
    site.router.ensure_upstream(Upstream("fraud", Side.GREEN, (address,), "8"))
    site.router.change("fraud", lambda r: claim(r, "r1", time.time(), 600))
    site.router.change("fraud", lambda r: copy(r, "r1", time.time(), 100.0, 64, "shadow"))


def test_three_restarts_under_load_lose_no_request(serving, users):
    end = users(serving)
    pids = {serving.process(serving.active).pid}
    for _ in range(3):
        serving.restart()
        pids.add(serving.process(serving.active).pid)
    seen = end()
    assert seen.failures == []
    assert len(pids) == 4
    assert len(seen.answers) / seen.seconds > 200  # the load was there
    assert seen.connections > len(seen.answers) / 3  # and half of it on new connections
    assert seen.kept >= 3 * 8  # each restart ended the kept ones
    serving.await_standby()


def test_a_split_changed_while_two_envoys_serve_is_served_by_both(alone, users, eventually):
    end = users(alone)
    with ExitStack() as ways:
        elder = ways.enter_context(asking(alone))
        alone.start_both()
        choose("127.0.0.1", alone.settings.router_port, YOUNGER)
        younger = ways.enter_context(asking(alone))
        assert (elder(), younger()) == ("blue", "blue")
        before = time.time()
        alone.share(100)
        after = time.time()
        eventually(lambda: (elder(), younger()) == ("green", "green"), "both have taken the file")
    alone.restart()
    eventually(lambda: time.time() > after + 1, "users have asked for a while since")
    seen = end()
    assert seen.failures == []
    assert seen.share_of_green(0, before) == 0
    assert seen.share_of_green(after + 0.5, time.time()) == 1


def test_a_restart_brings_new_edge_settings_and_they_are_kept(serving):
    serving.restart(Edge(max_headers_kb=1))
    with socket.create_connection(("127.0.0.1", serving.settings.router_port)) as asking:
        asking.sendall(b"GET /fraud/ HTTP/1.1\r\nhost: router\r\nx-much: " + b"x" * 2000 + b"\r\n\r\n")
        assert asking.recv(65536).startswith(b"HTTP/1.1 431 ")
    assert read_settings(serving.home).edge == Edge(max_headers_kb=1)
    serving.await_standby()
    assert all('"max_request_headers_kb": 1,' in serving.home.slot_bootstrap(slot).read_text() for slot in ("a", "b"))


def test_an_unused_connection_delays_a_restart_no_longer_than_told(serving):
    with socket.create_connection(("127.0.0.1", serving.settings.router_port)) as unused:
        unused.sendall(b"GET /fraud/ HTTP/1.1\r\nhost: router\r\n\r\n")
        assert unused.recv(65536).startswith(b"HTTP/1.1 200 ")
        serving.restart(drain_seconds=0.5)
        assert unused.recv(65536) == b""
    assert "1 unused connections were closed" in serving.said[-1]
    assert serving.active == "b"


def test_envoys_that_end_while_copies_hang_end_well_and_lose_no_request(serving, users, eventually):
    with socket.create_server(("127.0.0.1", 0), backlog=512) as hanging:
        copy_to(serving, hanging.getsockname())
        end, admin = users(serving, 150), Admin(serving.home.slot_admin_socket(serving.active))
        eventually(lambda: admin.copies("fraud.green-shadow").dropped > 0, "as many copies hang as may be open")
        serving.restart()
        assert end().failures == []
        assert end_processes(serving.home)
    assert "Abort" not in (serving.home.logs / "envoy.log").read_text()


def test_while_two_envoys_listen_the_elder_one_gets_all_new_connections(alone, eventually):
    with ExitStack() as ways:
        ways.enter_context(asking(alone))
        alone.start_both()
        for _ in range(20):
            ways.enter_context(asking(alone))
        open_at = {slot: Admin(alone.home.slot_admin_socket(slot)).users().connections for slot in ("a", "b")}
    assert open_at == {"a": 21, "b": 0}


# What is wrong with the new one


def test_a_new_one_that_envoy_refuses_leaves_the_old_one_serving(serving, users):
    old, pid = serving.active, serving.process(serving.active).pid
    end = users(serving)
    with pytest.raises(Unreachable, match=r"envoy-b does not start .*, envoy-a serves on: .*MaxRequestHeadersKb"):
        serving.restart(Edge(max_headers_kb=100_000_000))
    serving.await_standby()
    assert end().failures == []
    assert serving.active == old
    assert serving.process(old).pid == pid
    assert read_settings(serving.home).edge == Edge()


def test_an_occupied_admin_socket_leaves_the_old_one_serving_and_the_command_says_so(alone):
    in_the_way = alone.home.slot_admin_socket("b")
    in_the_way.mkdir()
    with alone.command() as restart:
        told = restart.communicate(timeout=60)[0]
    assert restart.returncode == 1
    assert "error: envoy-b does not start" in told
    assert "envoy-a serves on" in told
    assert alone.running == ["a"] == [alone.active]
    assert alone.ready()
    in_the_way.rmdir()


def test_up_after_a_killed_restart_leaves_one_envoy_where_none_is_to_stand_by(alone):
    alone.start_both()
    for _ in range(2):
        active = settle_router(alone.settings, alone.supervisor, alone.said.append)
        ensure_standby(alone.settings, alone.supervisor, active)
        assert alone.running == [alone.active] == ["a"]


def test_a_second_envoy_that_is_not_fit_ends_without_taking_over(alone):
    write_json(alone.home.slot_bootstrap("b"), {"no": "bootstrap"})
    alone.supervisor.ensure_started("envoy-b")
    alone.eventually(lambda: alone.process("b").state in ("BACKOFF", "STOPPED"), "it waits for its next try")
    active = settle_router(alone.settings, alone.supervisor, alone.said.append)
    ensure_standby(alone.settings, alone.supervisor, active)
    assert active == "a"
    assert alone.process("b").state == "STOPPED"
    assert alone.ready()
