"""Which users a release draws, by the real Envoy: the same ones all the way up, others the next time."""

import itertools
import time

import pytest

from greenramp.route import leave, put_back, shift, take_back
from greenramp.split import Side

USERS = [f"user-{n}" for n in range(2000)]


def share(site, percent, owner="r1"):
    site.router.change("fraud", lambda r: shift(r, owner, time.time(), percent, f"canary {percent:g} %"))


def drawn(site, users=USERS):
    return {user for user, name in site.who_answers("fraud", users).items() if name == "green"}


def deviations(count, wanted, variance):
    """How many standard deviations a count lies from what is wanted."""
    return (count - wanted) / variance**0.5


def test_on_the_way_up_nobody_leaves_the_candidate_and_each_share_is_as_ordered(site, green):
    site.claim("fraud")
    before = set()
    for percent in (5.0, 25.0, 50.0):
        share(site, percent)
        now, part = drawn(site), percent / 100
        assert before <= now
        assert abs(deviations(len(now), len(USERS) * part, len(USERS) * part * (1 - part))) < 4
        before = now
    share(site, 100.0)
    assert drawn(site) == set(USERS)


def test_on_the_way_down_nobody_new_meets_the_candidate(site, green):
    site.claim("fraud")
    share(site, 50.0)
    before = drawn(site, USERS[:500])
    share(site, 5.0)
    assert drawn(site, USERS[:500]) < before


@pytest.mark.parametrize("percent", [5.0, 50.0])
def test_the_next_release_draws_its_users_as_if_there_had_been_none_before(site, green, percent):
    sets = []
    for release in ("r1", "r2"):
        site.claim("fraud", release)
        share(site, percent, release)
        sets.append(drawn(site))
        site.router.change("fraud", lambda r, release=release: leave(r, release))
    first, second, all_of_them = len(sets[0]), len(sets[1]), len(USERS)
    wanted = first * second / all_of_them  # the overlap of two independent draws is hypergeometric
    variance = wanted * (1 - first / all_of_them) * (all_of_them - second) / (all_of_them - 1)
    assert abs(deviations(len(sets[0] & sets[1]), wanted, variance)) < 4


@pytest.mark.parametrize(
    "back",
    [
        pytest.param(lambda r: put_back(r, "r1", Side.BLUE), id="put back by the release"),
        pytest.param(lambda r: leave(r, "r1"), id="left by the release"),
        pytest.param(lambda r: take_back(r, "rollback", time.time(), 60), id="taken back by a person"),
    ],
)
def test_an_aborted_release_frees_everybody_at_once(site, green, back):
    site.claim("fraud")
    share(site, 50.0)
    caught = sorted(drawn(site, USERS[:500]))
    assert caught
    site.router.change("fraud", back)
    assert drawn(site, caught) == set()


def test_without_a_user_each_request_is_shared_anew(site, green):
    site.claim("fraud")
    share(site, 25.0)
    with site.connected() as ask:
        met = [ask("/fraud/").name == "green" for _ in USERS]
    count, part = len(met), 0.25
    assert abs(deviations(sum(met), count * part, count * part * (1 - part))) < 5  # chance itself: once in a million
    together = sum(a and b for a, b in itertools.pairwise(met))
    pairs, both = count - 1, part**2
    variance = pairs * both * (1 + 2 * part - 3 * both)  # neighbouring pairs share a request
    assert abs(deviations(together, pairs * both, variance)) < 5
