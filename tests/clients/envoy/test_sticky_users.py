"""Which users a release draws, by the real Envoy: the same ones all the way up, others the next time."""

import itertools
import time

import pytest
import xxhash
from steady_load import ask_once_each

from greenramp.traffic.route import leave, put_back, shift, take_back
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(2000)]
CROWD = [f"customer-{n}" for n in range(10_000)]


def share(site, percent, owner="r1"):
    return site.router.change("fraud", lambda r: shift(r, owner, time.time(), percent, f"canary {percent:g} %"))


def drawn(site, users=USERS):
    return {user for user, name in site.who_answers("fraud", users).items() if name == "green"}


def drawn_of_crowd(site):
    asked = ask_once_each(site.port, "/fraud/invocations", CROWD)
    assert [sent for sent in asked if sent.failed] == []
    return {sent.user for sent in asked if sent.name == "green"}


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


def assert_independent(one, other, all_of_them):
    """The overlap of two independent draws is hypergeometric."""
    wanted = len(one) * len(other) / all_of_them
    variance = wanted * (1 - len(one) / all_of_them) * (all_of_them - len(other)) / (all_of_them - 1)
    assert abs(deviations(len(one & other), wanted, variance)) < 4


@pytest.mark.parametrize("percent", [5.0, 50.0])
def test_the_next_release_draws_its_users_as_if_there_had_been_none_before(site, green, percent):
    sets = []
    for release in ("r1", "r2"):
        site.claim("fraud", release)
        share(site, percent, release)
        sets.append(drawn(site))
        site.router.change("fraud", lambda r, release=release: leave(r, release))
    assert_independent(*sets, len(USERS))


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


@pytest.mark.load
def test_of_ten_thousand_users_each_ones_side_is_foretold_by_his_name_in_the_log(site, new_process):
    for side in (Side.BLUE, Side.GREEN):
        site.add("fraud", side, new_process(side.value))
    site.serve("fraud", Side.BLUE)
    orders, sets = {}, []  # (salt, weight) by the generation of the order
    for release, percent in [("r1", 5.0), ("r1", 25.0), ("r1", 50.0), ("r1", 100.0), ("r2", 25.0)]:
        site.claim("fraud", release)
        orders[share(site, percent, release).generation] = (release, percent * 100)
        sets.append(drawn_of_crowd(site))
        part = percent / 100
        assert abs(deviations(len(sets[-1]), len(CROWD) * part, len(CROWD) * part * (1 - part) or 1)) < 4
        if percent == 100.0:
            site.router.change("fraud", lambda r: leave(r, "r1"))
    assert all(below <= above for below, above in itertools.pairwise(sets[:4]))
    assert_independent(sets[1], sets[4], len(CROWD))
    rows = [row for row in site.rows(5 * len(CROWD)) if row["cluster"]]
    assert len({row["user"] for row in rows}) == len(CROWD)
    for row in rows:
        salt, weight = orders[int(row["generation"])]
        foretold = "green" if xxhash.xxh64_intdigest(f"{salt}:{row['user']}".encode()) % 10_000 < weight else "blue"
        assert row["environment"] == foretold
