"""Traffic leaves the candidate at once when a release goes back or dies, by the real Envoy under load."""

import subprocess
import sys
import time

import pytest

from greenramp.traffic.route import put_back, shift
from greenramp.traffic.split import Side

ROLLBACKS = 100
LEASE_SECONDS = 2.0

RELEASE = """
import sys, time
from pathlib import Path
from greenramp.clients.envoy.lease import holding
from greenramp.clients.envoy.router import Router
from greenramp.home import Home
from greenramp.traffic.route import claim, shift

home, lease_seconds = Home(Path(sys.argv[1])), float(sys.argv[2])
router = Router(home)
router.change("fraud", lambda r: claim(r, "r1", time.time(), lease_seconds))
router.change("fraud", lambda r: shift(r, "r1", time.time(), 25.0, "canary 25 %"))
with holding(home, "fraud", "r1", lease_seconds):
    print("held", flush=True)
    sys.stdin.readline()
"""


def settled_on_live(load, since):
    """Whether the last of the requests sent since then, and some are, were answered by the live side."""
    names = [sent.name for sent in load.sent[-60:] if sent.at > since][-20:]
    return len(names) == 20 and set(names) == {"blue"}


@pytest.mark.load
def test_after_a_rollback_no_request_is_sent_to_the_candidate(site, processes, load):
    site.claim("fraud", lease_seconds=300)
    with load:
        for _ in range(ROLLBACKS):
            shared_at = time.time()
            site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary 50 %"))
            site.eventually(lambda at=shared_at: load.last_to("green") > at, "the candidate gets requests")
            called = time.time()
            site.router.change("fraud", lambda r: put_back(r, "r1", Side.BLUE))
            site.eventually(lambda at=called: settled_on_live(load, at), "the live side answers all", 5)
            assert load.last_to("green") < called + 1
        site.eventually(lambda: time.time() > called + 1.5, "some time has passed")
    assert load.last_to("green") < called + 1
    assert load.failed == []


@pytest.mark.load
def test_a_release_that_is_killed_sends_nobody_to_its_candidate_once_its_lease_is_over(site, processes, load):
    command = [sys.executable, "-c", RELEASE, str(site.home.root), str(LEASE_SECONDS)]
    with load, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as release:
        assert release.stdout.readline() == "held\n"
        first = site.router.read("fraud").until
        site.eventually(lambda: time.time() > first + LEASE_SECONDS / 2, "it would be over, were it not prolonged")
        assert load.last_to("green") > first
        release.kill()
        release.wait()
        renewed = site.router.read("fraud").until - LEASE_SECONDS
        site.eventually(lambda: time.time() > renewed + LEASE_SECONDS + 2, "the lease is long over")
    assert first < load.last_to("green") < renewed + LEASE_SECONDS + 1
    assert load.failed == []
    assert site.router.read("fraud").percent == 25.0  # nobody wrote anything
