"""A planned restart that is killed: users notice nothing, and whoever comes next settles what it has left."""

import os
import signal
import socket
import time
from contextlib import suppress

import pytest

from greenramp.clients.envoy.admin import Admin
from greenramp.site import restart
from greenramp.site.envoys import Envoys
from greenramp.site.slots import other_slot
from greenramp.site.steering import can_steer
from greenramp.site.takeover import read_takeover
from greenramp.traffic.handling import Edge

pytestmark = pytest.mark.skipif(not can_steer(), reason="this kernel can't steer new connections")


@pytest.fixture
def unused(serving):
    """A connection that keeps the Envoy that leaves from leaving before its time."""
    with socket.create_connection(("127.0.0.1", serving.settings.router_port)) as one:
        one.sendall(b"GET /fraud/ HTTP/1.1\r\nhost: router\r\n\r\n")
        one.recv(65536)
        yield one


def kill_at(site, when):
    with site.command() as restart:
        assert any(when in line for line in restart.stdout)
        restart.kill()


def test_what_a_restart_killed_before_the_handover_has_left_the_next_one_begins_anew(serving, users):
    end = users(serving)
    kill_at(serving, "starts beside")
    serving.restart()
    assert end().failures == []
    assert not any("is not finished" in line for line in serving.said)
    serving.await_standby()


def test_what_a_restart_killed_after_the_handover_has_left_the_next_one_finishes(serving, users, unused):
    end = users(serving)
    kill_at(serving, "has taken over")
    assert serving.running == ["a", "b"]
    serving.restart(drain_seconds=1)
    assert serving.said[0] == "an earlier restart is not finished; envoy-b takes over"
    serving.await_standby()
    assert serving.active == "a"
    assert end().failures == []


def test_what_a_restart_killed_after_the_handover_has_left_the_guard_finishes_when_the_users_are_gone(
    serving, users, unused
):
    end, old = users(serving), serving.process("a").pid
    kill_at(serving, "has taken over")
    time.sleep(1)  # the guard looks, and waits for that one connection
    assert serving.process("a").pid == old
    unused.close()
    serving.eventually(lambda: serving.process("a").pid not in (0, old) and serving.stands_by(), "both run again")
    assert serving.active == "b"
    assert end().failures == []


STEPS = [Envoys, "leave"], [Envoys, "begin"], [restart, "note_takeover"], [Envoys, "ensure_chosen"]
STEPS += (
    [restart, "ensure_active_slot"],
    [restart, "_see_off"],
    [restart, "forget_takeover"],
    [restart, "ensure_standby"],
)


@pytest.mark.parametrize(
    ("step", "killed"),  # right after a step is right before the next one
    [
        *(pytest.param(step, "before", id=f"before {step[1]}") for step in STEPS),
        pytest.param(STEPS[-1], "after", id="at the end"),
    ],
)
def test_a_restart_killed_at_any_step_loses_no_request_and_ends_with_two_envoys_of_which_one_serves(
    serving, users, step, killed
):
    end = users(serving)
    if (child := os.fork()) == 0:
        with suppress(BaseException):
            die_at(*step, killed)
            serving.restart(Edge(max_headers_kb=50))
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    serving.eventually(lambda: settled(serving), "both run with the same settings")
    active = serving.active
    seen = end()
    assert seen.failures == []
    assert Admin(serving.home.slot_admin_socket(other_slot(active))).users().connections == 0
    serving.share(100)
    serving.restart()
    serving.await_standby()


def die_at(owner, name, killed):
    """Have this process killed when it comes to a step, or when it has done it."""
    does = getattr(owner, name)

    def last(*given):
        if killed == "after":
            does(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, last)


def settled(site):
    with suppress(OSError):
        held = [site.home.slot_bootstrap(slot).read_text().count('"max_request_headers_kb": 50') for slot in ("a", "b")]
        return held[0] == held[1] and site.stands_by() and read_takeover(site.home) is None
    return False
