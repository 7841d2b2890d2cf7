"""Two Envoys run, one has the users: when it dies the other has them at once, and orders find it."""

import http.client
import os
import signal
import time
from contextlib import closing
from dataclasses import replace

import pytest

from greenramp.clients.atomicfile import locked
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.logrotation import ensure_log_bounded
from greenramp.clients.jsonlines import JsonLines
from greenramp.site.slots import other_slot, slots_lock
from greenramp.site.status import read_status
from greenramp.site.steering import can_steer
from greenramp.traffic.handling import Edge

pytestmark = pytest.mark.skipif(not can_steer(), reason="this kernel can't steer new connections")


def kill(site, slot):
    died = site.process(slot).pid
    os.kill(died, signal.SIGKILL)
    return time.time()


def users_of(site, slot):
    return Admin(site.home.slot_admin_socket(slot)).users().connections


@pytest.mark.parametrize("restarts", [0, 1], ids=["in the first slot", "in the second slot"])
def test_a_crash_costs_a_few_requests_and_orders_are_taken_by_the_survivor(serving, users, restarts):
    for _ in range(restarts):
        serving.restart()
        serving.await_standby()
    dead, survivor = serving.active, other_slot(serving.active)
    pids = {slot: serving.process(slot).pid for slot in ("a", "b")}
    end = users(serving)
    time.sleep(0.5)
    when = kill(serving, dead)
    serving.eventually(lambda: serving.active == survivor, "the survivor is asked")
    serving.share(100)
    after = time.time()
    serving.eventually(lambda: serving.process(dead).pid not in (0, pids[dead]), "the dead one is started", 10)
    serving.await_standby()
    time.sleep(0.5)
    assert (users_of(serving, dead), serving.active) == (0, survivor)
    assert users_of(serving, survivor) >= 8
    seen = end()
    assert serving.process(survivor).pid == pids[survivor]
    assert len(seen.failures) < 50
    assert all(when - 0.5 < failed < when + 1 for failed, _ in seen.failures)
    assert seen.share_of_green(0, when) == 0
    assert seen.share_of_green(after + 0.5, time.time()) == 1


def test_five_crashes_in_a_row_each_cost_a_few_requests(serving, users):
    end, told = users(serving), []
    for _ in range(5):
        survivor = other_slot(serving.active)
        told.append(kill(serving, serving.active))
        serving.eventually(lambda survivor=survivor: serving.active == survivor, "the survivor is asked")
        serving.await_standby()
    seen = end()
    assert len(seen.failures) < 5 * 50
    assert all(any(when - 0.5 < failed < when + 1 for when in told) for failed, _ in seen.failures)


def test_the_death_of_the_one_that_stands_by_costs_nothing(serving, users):
    end, active = users(serving), serving.active
    for _ in range(3):
        died = serving.process(other_slot(active)).pid
        kill(serving, other_slot(active))
        serving.eventually(lambda died=died: serving.process(other_slot(active)).pid not in (0, died), "it is back")
        serving.await_standby()
        assert users_of(serving, other_slot(active)) == 0
    assert end().failures == []
    assert serving.active == active


def test_when_both_die_at_once_one_of_them_serves_and_the_other_stands_by(serving, users):
    for slot in ("a", "b"):
        kill(serving, slot)
    serving.eventually(
        lambda: serving.running == ["a", "b"] and serving.ready() and serving.stands_by(), "both are back"
    )
    end = users(serving)
    time.sleep(1)
    serving.eventually(lambda: users_of(serving, other_slot(serving.active)) == 0, "one of them serves")
    assert users_of(serving, serving.active) >= 8
    kill(serving, other_slot(serving.active))
    time.sleep(0.5)
    assert end().failures == []


def test_an_envoy_that_was_stopped_by_hand_is_started_again(serving):
    serving.supervisor.ensure_stopped("envoy-b")
    serving.eventually(lambda: serving.process("b").alive, "the guard starts it")
    serving.await_standby()
    assert serving.active == "a"


def test_while_a_restart_is_under_way_the_guard_starts_nothing(serving):
    with locked(slots_lock(serving.home)):
        serving.supervisor.ensure_stopped("envoy-b")
        time.sleep(2)
        assert serving.running == ["a"]
        serving.supervisor.ensure_started("envoy-b")
        serving.await_standby()
        kill(serving, "a")
        serving.eventually(lambda: serving.active == "b", "orders find the survivor all the same")


def test_lines_written_after_a_crash_go_into_the_new_log(serving, users):
    end = users(serving)
    time.sleep(0.5)
    assert ensure_log_bounded(serving.home, 1000)
    serving.eventually(serving.home.request_log.exists, "a new log is begun")
    kill(serving, serving.active)
    serving.eventually(lambda: serving.active == "b", "the survivor is asked")
    lines = JsonLines.from_now(serving.home.request_log)
    time.sleep(1)
    end()
    assert len(lines.read_new()) > 100


def test_counters_for_prometheus_are_those_of_the_one_that_has_the_users(unstarted, users):
    port = unstarted.settings.router_port + 1
    unstarted.settings = replace(unstarted.settings, edge=Edge(metrics_port=port))
    unstarted.start()

    def counted():
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        return next(line for line in lines if line.startswith("envoy_http_downstream_rq_total{") and "ingress" in line)

    with closing(http.client.HTTPConnection("127.0.0.1", unstarted.settings.router_port)) as asking:
        for _ in range(7):
            asking.request("GET", "/nosuch/")
            asking.getresponse().read()
    seen = {counted().split()[-1] for _ in range(20)}
    assert seen == {"7"}


# What is told


def test_status_names_both_and_a_standby_that_is_away_is_no_reason_to_call_the_site_down(serving):
    assert read_status(serving.home).programs["envoy-standby"] == "RUNNING"
    serving.supervisor.ensure_stopped("guard")
    serving.supervisor.ensure_stopped("envoy-b")
    told = read_status(serving.home)
    assert told.programs["envoy"] == "RUNNING"
    assert told.programs["envoy-standby"] == "STOPPED"
    assert told.up
    assert told.foreign == ()


def test_without_a_standby_status_names_none(alone):
    assert set(read_status(alone.home).programs) >= {"envoy", "guard"}
    assert "envoy-standby" not in read_status(alone.home).programs


def test_a_standby_that_does_not_run_with_the_files_is_told_of_once(serving):
    os.kill(serving.process("b").pid, signal.SIGSTOP)
    try:
        serving.share(100)
        log = serving.home.logs / "guard.log"
        serving.eventually(
            lambda: "envoy-b, which stands by, does not run with the files" in log.read_text(), "told", 60
        )
    finally:
        os.kill(serving.process("b").pid, signal.SIGCONT)
    assert log.read_text().count("which stands by") == 1
