"""No request is lost while traffic changes again and again, by the real Envoy under load."""

import itertools
import time

import pytest

from greenramp.clients.envoy.clusters import cluster_name
from greenramp.traffic.handling import Retry
from greenramp.traffic.route import leave, settle, shift, switch
from greenramp.traffic.split import Side

LADDER = (5.0, 25.0, 50.0, 100.0, 0.0)
PACE_SECONDS = 0.0615
"""From one change to the next: a thousand of them take more than a minute."""


def in_full(*arguments, short):
    """The whole of it in the tests under load, a short one among the others."""
    return [pytest.param(*short, id="shortly"), pytest.param(*arguments, id="in full", marks=pytest.mark.load)]


@pytest.fixture
def nothing_twice(site, processes):
    """Let no second try cover up a request that was lost."""
    site.handle("fraud", retry=Retry.NONE, live_failover=False)


def retire(site, side, process):
    """Stop an environment as a release does: wait until nothing is open there three looks in a row, then end it."""
    names = [cluster_name("fraud", side, role) for role in ("live", "candidate", "shadow")]
    idle_looks = 0
    while idle_looks < 3:
        idle_looks = 0 if sum(map(site.admin.active_requests, names)) else idle_looks + 1
        time.sleep(0.02)
    process.kill()
    site.router.remove_upstream("fraud", side)


@pytest.mark.parametrize("changes", in_full(1000, short=(50,)))
def test_changes_of_the_split_one_after_another_lose_no_request(site, processes, nothing_twice, load, changes):
    site.claim("fraud", lease_seconds=300)
    with load:
        began = time.monotonic()
        for number, percent in enumerate(itertools.islice(itertools.cycle(LADDER), changes)):
            step = f"canary {percent:g} %"
            site.router.change("fraud", lambda r, p=percent, s=step: shift(r, "r1", time.time(), p, s))
            time.sleep(max(0.0, began + number * PACE_SECONDS - time.monotonic()))
    assert load.failed == []
    assert load.closed == 0
    assert load.rate > 300
    assert {sent.name for sent in load.sent} == {"blue", "green"}
    assert site.router.read("fraud").percent == 0.0
    assert len(load.sent) > 300 * changes * PACE_SECONDS * 0.9


@pytest.mark.parametrize("releases", in_full(50, short=(5,)))
def test_release_after_release_loses_no_request_though_each_old_version_is_killed(
    site, processes, nothing_twice, new_process, load, releases
):
    change, live, (old, new) = site.router.change, Side.BLUE, processes
    with load:
        for number in range(releases):
            owner, idle = f"release-{number}", live.other
            site.claim("fraud", owner)
            for percent in LADDER[:-1]:
                change("fraud", lambda r, o=owner, p=percent: shift(r, o, time.time(), p, f"canary {p:g} %"))
            change("fraud", lambda r, o=owner, to=idle: switch(r, o, time.time(), to, "switched"))
            change("fraud", lambda r, o=owner: settle(r, o))
            retire(site, live, old)
            change("fraud", lambda r, o=owner: leave(r, o))
            site.eventually(lambda v=new.version: load.sent[-1].version == v, "the new version answers")
            old, live = new, idle
            new = new_process(live.other.value, str(number + 9), pause=0.04)
            site.add("fraud", live.other, new, version=new.version)
    assert load.failed == []
    assert load.closed == 0
    assert {sent.version for sent in load.sent} == {"7", *(str(number + 8) for number in range(releases))}
