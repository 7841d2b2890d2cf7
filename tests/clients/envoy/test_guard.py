"""The guard writes down what Envoy does already when a lease ends; it is a process of its own."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from greenramp.clients.journal import Journal
from greenramp.errors import Fenced
from greenramp.site.guard import look
from greenramp.traffic.route import shift


def share(site, seconds):
    site.claim("fraud", lease_seconds=seconds)
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary 50 %"))


def test_a_living_lease_is_left_alone(site, green):
    share(site, 60)
    before = site.router.read("fraud")
    assert look(site.home) == []
    assert site.router.read("fraud") == before


def test_an_ended_lease_is_written_down_once_and_its_owner_stays_fenced(site, green):
    share(site, 0.3)
    site.eventually(lambda: not site.router.read("fraud").held(time.time()), "the lease has ended")
    assert look(site.home) == ["fraud"]
    assert look(site.home) == []
    route = site.router.read("fraud")
    assert (route.percent, route.live.value, route.owner, route.step) == (0.0, "blue", "r1", "canary 50 %")
    assert [line["event"] for line in Journal(site.home, "r1").read()] == ["lease ended"]
    with pytest.raises(Fenced):
        site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))


def test_with_envoy_away_the_record_is_written_all_the_same(site, green):
    share(site, 0.3)
    site.kill()
    site.eventually(lambda: not site.router.read("fraud").held(time.time()), "the lease has ended")
    assert look(site.home) == ["fraud"]
    assert site.router.read("fraud").percent == 0
    site.start()
    assert {site.ask("/fraud/", f"user-{n}").name for n in range(40)} == {"blue"}


def test_the_process_does_it_by_itself_in_little_memory_and_ends_when_told(site, green):
    command = [sys.executable, "-m", "greenramp.site.guard"]
    around = {**os.environ, "GREENRAMP_HOME": str(site.home.root)}
    guard = subprocess.Popen(command, env=around, stdout=subprocess.PIPE, text=True)
    try:
        assert "watching" in guard.stdout.readline()
        share(site, 0.3)
        site.eventually(lambda: site.router.read("fraud").percent == 0, "the guard has written it down")
        assert psutil.Process(guard.pid).memory_info().rss < 40e6
    finally:
        guard.terminate()
        said, _ = guard.communicate(timeout=10)
    assert guard.returncode == 0
    assert "fraud: the lease has ended" in said
