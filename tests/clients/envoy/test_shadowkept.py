"""Copies that Envoy drops are counted, however often Envoy or the watch is started anew."""

import json
import math
import time

import pytest

from greenramp.clients.shadowkept import KeptShadow
from greenramp.shadow.answers import Copied
from greenramp.traffic.route import copy
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict

OPEN = 160
"""More copies are not open at once."""


@pytest.fixture
def kept(site):
    path = site.home.journals / "r1.shadow.json"
    yield lambda: KeptShadow(site.home, "fraud", Side.GREEN, "r1")
    path.unlink(missing_ok=True)


@pytest.fixture
def copied_to_a_hanging_server(site, green):
    """Send users' requests, each of which is copied to a server that does not answer."""
    site.claim("fraud")
    site.router.change("fraud", lambda r: copy(r, "r1", time.time(), 100.0, 64, "shadow"))
    green.hold.clear()

    def ask_often(count):
        with site.connected() as ask:
            assert {ask("/fraud/", str(n), method="POST", body="x").status for n in range(count)} == {200}

    return ask_often


def test_what_was_dropped_since_it_began_is_counted_on_by_another_process(kept, copied_to_a_hanging_server, eventually):
    copied_to_a_hanging_server(OPEN + 40)
    eventually(lambda: kept().copied().dropped == 40, "40 are dropped")
    kept().begin()
    first = kept()
    copied_to_a_hanging_server(60)
    eventually(lambda: first.copied() == Copied(60, 60), "60 more are dropped")
    copied_to_a_hanging_server(10)
    eventually(lambda: kept().copied() == Copied(70, 70), "another one goes on from there")


def test_a_new_envoy_counts_from_the_start_and_one_that_is_away_takes_nothing_away(
    site, kept, copied_to_a_hanging_server, eventually
):
    kept().begin()
    watch = kept()
    copied_to_a_hanging_server(OPEN + 40)
    eventually(lambda: watch.copied() == Copied(OPEN + 40, 40), "40 are dropped")
    site.kill()
    assert watch.copied() == Copied(OPEN + 40, 40)
    site.start()
    copied_to_a_hanging_server(OPEN + 10)
    eventually(lambda: watch.copied() == Copied(2 * OPEN + 50, 50), "10 more are dropped")


def test_nothing_counts_after_its_end_and_what_was_decided_is_kept(kept, copied_to_a_hanging_server):
    kept().begin()
    assert (kept().until, kept().decided) == (math.inf, ())
    verdict = Verdict("shadow/latency", Outcome.FAIL, "slower", {"p99_ms": 7.0, "odds": math.inf})
    kept().end(12.5, (verdict,))
    copied_to_a_hanging_server(OPEN + 40)
    assert (kept().until, kept().decided, kept().copied()) == (12.5, (verdict,), Copied())


def test_another_release_begins_anew(site, kept):
    kept().end(12.5, ())
    kept().begin()
    assert kept().until == math.inf
    assert json.loads((site.home.journals / "r1.shadow.json").read_text()) == {
        "format": 1,
        "copied": [0, 0],
        "last": {site.home.admin_socket.name: [0, 0]},
    }
