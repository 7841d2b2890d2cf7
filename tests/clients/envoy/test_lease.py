"""A lease is prolonged while its release lives, and is lost for good once somebody else has come."""

import threading
import time

import pytest

from greenramp.clients.envoy.lease import holding
from greenramp.traffic.route import claim, leave, shift, take_back
from greenramp.traffic.split import Side


def keepers():
    return [t for t in threading.enumerate() if t.name == "lease-fraud"]


def lasts(site):
    return site.router.read("fraud").until


def test_a_lease_is_prolonged_again_and_again_while_the_body_runs(site, green):
    site.claim("fraud", lease_seconds=0.8)
    first = lasts(site)
    with holding(site.home, "fraud", "r1", lease_seconds=0.8):
        site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 100.0, "canary"))
        site.eventually(lambda: time.time() > first + 0.8, "twice the lease has passed")
        assert site.router.read("fraud").held(time.time())
        assert site.ask("/fraud/", "alice").name == "green"
    assert keepers() == []


def test_after_the_body_nothing_is_prolonged_and_the_split_goes_back(site, green):
    site.claim("fraud", lease_seconds=0.6)
    with holding(site.home, "fraud", "r1", lease_seconds=0.6):
        site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 100.0, "canary"))
    ended = lasts(site)
    site.eventually(lambda: site.ask("/fraud/", "alice").name == "blue", "the split has gone back")
    assert lasts(site) == ended


def test_a_lease_ends_for_those_without_a_user_too(site, green):
    site.claim("fraud", lease_seconds=0.5)
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 100.0, "canary"))
    assert site.ask("/fraud/").name == "green"
    site.eventually(lambda: time.time() > lasts(site), "the lease is over")
    assert site.ask("/fraud/").name == "blue"


def test_the_body_may_raise(site, blue):
    site.claim("fraud")
    with pytest.raises(KeyError, match="gate"), holding(site.home, "fraud", "r1", lease_seconds=60):
        raise KeyError("gate")
    assert keepers() == []


def test_once_somebody_else_has_come_it_stops_and_touches_nothing(site, green):
    site.claim("fraud", lease_seconds=0.4)
    with holding(site.home, "fraud", "r1", lease_seconds=0.4):
        taken = site.router.change("fraud", lambda r: take_back(r, "rollback", time.time(), 60))
        site.eventually(lambda: not keepers(), "the keeper has stopped")
        assert site.router.read("fraud") == taken


def test_once_it_has_ended_it_is_not_taken_again(site, blue):
    site.router.change("fraud", lambda r: claim(r, "r1", time.time() - 60, 1))
    ended = lasts(site)
    with holding(site.home, "fraud", "r1", lease_seconds=0.2):
        site.eventually(lambda: not keepers(), "the keeper has stopped")
    assert lasts(site) == ended


def test_once_the_release_has_left_it_stops(site, blue):
    site.claim("fraud", lease_seconds=0.4)
    with holding(site.home, "fraud", "r1", lease_seconds=0.4):
        left = site.router.change("fraud", lambda r: leave(r, "r1"))
        site.eventually(lambda: not keepers(), "the keeper has stopped")
    assert site.router.read("fraud") == left
    assert (left.owner, left.until, left.live) == ("", 0.0, Side.BLUE)


def test_it_goes_on_while_envoy_is_away(site, blue):
    site.claim("fraud", lease_seconds=0.8)
    first = lasts(site)
    site.kill()
    with holding(site.home, "fraud", "r1", lease_seconds=0.8):
        site.eventually(lambda: time.time() > first + 0.4, "longer than the lease has passed")
        assert site.router.read("fraud").held(time.time())
        assert keepers()
