"""A lease by a clock that has jumped: what Envoy does with it, and what the guard makes of it."""

import time
from dataclasses import replace

import pytest

from greenramp.errors import Fenced
from greenramp.site.guard import look
from greenramp.traffic.route import shift

USERS = [f"user-{n}" for n in range(100)]
HOUR = 3600.0


@pytest.fixture
def ends(site, green):
    """Share half of fraud under a lease that ends so many seconds from now, by the clock of now."""
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary 50 %"))
    assert set(site.who_answers("fraud", USERS).values()) == {"blue", "green"}

    def end(seconds):
        site.router.change("fraud", lambda r: replace(r, until=time.time() + seconds))

    return end


def share_more(site):
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 100.0, "canary 100 %"))


def test_after_a_jump_ahead_all_traffic_is_live_at_once_and_the_release_is_fenced(site, ends):
    ends(-HOUR)
    assert set(site.who_answers("fraud", USERS).values()) == {"blue"}
    assert look(site.home) == ["fraud"]
    assert site.router.read("fraud").percent == 0
    with pytest.raises(Fenced, match="ended 3600"):
        share_more(site)


def test_after_a_jump_back_the_guard_ends_a_lease_that_would_last_for_hours(site, ends):
    ends(HOUR)
    assert look(site.home) == ["fraud"]
    assert set(site.who_answers("fraud", USERS).values()) == {"blue"}
    with pytest.raises(Fenced):
        share_more(site)
    assert look(site.home) == []


def test_after_a_small_jump_back_the_lease_only_lasts_that_much_longer(site, ends):
    ends(300)
    assert look(site.home) == []
    assert set(site.who_answers("fraud", USERS).values()) == {"blue", "green"}
