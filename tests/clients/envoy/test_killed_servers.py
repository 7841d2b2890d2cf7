"""What the death of a server's process in the middle of a canary costs its users, by the real Envoy under load."""

import time

import pytest

from greenramp.measures.traffic_log import seen_request
from greenramp.traffic.route import shift
from greenramp.traffic.split import Side

pytestmark = pytest.mark.load


@pytest.fixture
def canary(site, processes, load):
    """Let half the users meet the candidate, 320 requests a second."""
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary 50 %"))
    with load:
        site.eventually(lambda: len(load.sent) > 300, "all is as it should be")
        yield load


def go_on(site, load, seconds=2.0):
    """Let time pass; give when that began."""
    now = time.time()
    site.eventually(lambda: time.time() > now + seconds, "some time has passed")
    return now


def failed_sides(site, load):
    """Which sides failed requests, by the request log."""
    rows = site.rows(len(load.sent))
    return {seen.side for row in rows if (seen := seen_request(row)) and seen.failed}


def test_a_candidate_that_is_killed_costs_no_request_and_its_failures_are_told(site, processes, canary):
    processes[1].kill()
    killed = go_on(site, canary)
    assert {sent.name for sent in canary.sent if sent.at > killed} == {"blue"}
    assert canary.failed == []
    assert failed_sides(site, canary) == {Side.GREEN}


def test_a_live_side_that_is_killed_during_a_canary_costs_no_request(site, processes, canary):
    processes[0].kill()
    killed = go_on(site, canary)
    assert {sent.name for sent in canary.sent if sent.at > killed} == {"green"}
    assert canary.failed == []
    assert failed_sides(site, canary) == {Side.BLUE}


def test_without_failover_a_killed_live_side_fails_its_own_users_until_it_is_back(site, processes, canary):
    site.handle("fraud", live_failover=False)
    processes[0].kill()
    killed = go_on(site, canary, 1.0)
    before = time.time()
    processes[0].start()
    site.eventually(lambda: canary.last_to("blue") > before, "it answers again")
    back = go_on(site, canary)
    assert [sent for sent in canary.failed if sent.at > back] == []
    assert len(canary.failed) > 20
    assert {sent.name for sent in canary.sent if killed < sent.at < before} == {"", "green"}
    assert failed_sides(site, canary) == {Side.BLUE}


def test_one_of_two_processes_that_is_killed_costs_no_request(site, processes, new_process, canary):
    other = new_process("blue", "7b", pause=0.04)
    site.add("fraud", Side.BLUE, processes[0], other)
    site.handle("fraud", live_failover=False)
    site.eventually(lambda: {"7", "7b"} <= {sent.version for sent in canary.sent}, "both processes answer")
    processes[0].kill()
    killed = go_on(site, canary)
    assert canary.failed == []
    assert {sent.version for sent in canary.sent if sent.at > killed} == {"7b", "8"}
