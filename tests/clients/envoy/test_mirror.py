"""Copies of live requests: they arrive whole, and whatever becomes of them, no user notices."""

import json
import time

import pytest

from greenramp.errors import Fenced, NotConfirmed
from greenramp.traffic.route import copy, put_back, shift
from greenramp.traffic.split import Side

COUNT = 200


def mirror(site, percent=100.0, max_kb=64):
    return site.router.change("fraud", lambda r: copy(r, "r1", time.time(), percent, max_kb, "shadow"))


def copies(site):
    return site.admin.copies("fraud.green-shadow")


@pytest.fixture
def asked(site):
    """Send this many requests with a body of so many bytes; gives the answers."""

    def ask_often(count=COUNT, size=100):
        with site.connected() as ask:
            return [ask("/fraud/invocations", f"user-{n}", method="POST", body="x" * size) for n in range(count)]

    return ask_often


def test_every_copy_arrives_whole_under_the_same_request_id_and_only_the_live_side_answers(site, green, asked):
    site.claim("fraud")
    mirror(site)
    green.remember, before, answers = True, copies(site).answered, []
    for number in range(1, COUNT // 20 + 1):  # not all at once: what piles up would be dropped
        answers += asked(20)
        site.eventually(lambda n=number: copies(site).answered == before + 20 * n, "all copies are answered")
    assert {(a.status, a.name) for a in answers} == {(200, "blue")}
    live = {json.loads(a.text)["headers"]["x-request-id"]: json.loads(a.text)["body"] for a in answers}
    got = {seen["headers"]["x-request-id"]: seen for seen in green.seen if "x-greenramp-shadow" in seen["headers"]}
    assert {name: seen["body"] for name, seen in got.items()} == live
    assert len(live) == COUNT
    assert {seen["path"] for seen in got.values()} == {"/invocations"}


@pytest.mark.parametrize("percent", [10.0, 50.0])
def test_a_part_is_copied_where_a_part_is_ordered(site, green, asked, percent):
    site.claim("fraud")
    mirror(site, percent)
    before = copies(site).sent
    asked(600)
    sent, wanted = copies(site).sent - before, 6 * percent
    assert abs(sent - wanted) < 5 * (wanted * (1 - percent / 100)) ** 0.5


def test_a_larger_body_than_agreed_and_one_without_a_length_are_not_copied(site, green, asked):
    site.claim("fraud")
    mirror(site, max_kb=1)
    before = copies(site).sent
    assert {a.status for a in asked(5, 1025)} == {200}
    assert site.ask("/fraud/").status == 200
    assert copies(site).sent == before
    asked(5, 1024)
    site.eventually(lambda: copies(site).sent == before + 5, "what is small enough is copied")


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda green: green.die(), id="dead"),
        pytest.param(lambda green: green.hold.clear(), id="hangs"),
        pytest.param(lambda green: setattr(green, "status", 500), id="fails"),
    ],
)
def test_a_shadow_that_fails_in_whatever_way_costs_no_user_anything(site, green, asked, harm):
    site.claim("fraud")
    mirror(site)
    harm(green)
    began = time.monotonic()
    answers = asked(400, 20_000)
    assert {(a.status, a.name) for a in answers} == {(200, "blue")}
    assert time.monotonic() - began < 20


def test_copies_that_pile_up_are_dropped_and_told_apart_from_failures(site, green, asked):
    site.claim("fraud")
    mirror(site)
    before = copies(site)
    green.hold.clear()
    asked(300)
    site.eventually(lambda: copies(site).dropped > before.dropped + 100, "copies are dropped")
    assert copies(site).failed - before.failed <= 160


@pytest.mark.parametrize("end", ["put back", "lease"])
def test_copies_end_when_the_record_says_so_and_when_the_lease_ends(site, green, asked, end):
    site.claim("fraud", lease_seconds=60 if end == "put back" else 1.0)
    mirror(site)
    if end == "put back":
        site.router.change("fraud", lambda r: put_back(r, "r1", Side.BLUE))
    else:
        ends = site.router.read("fraud").until
        site.eventually(lambda: time.time() > ends, "the lease has ended")
    before = copies(site).sent
    assert {(a.status, a.name) for a in asked(50)} == {(200, "blue")}
    assert copies(site).sent == before


def test_a_share_ends_the_mirror_and_no_request_of_the_candidates_is_copied(site, green, asked):
    site.claim("fraud")
    mirror(site)
    assert site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary")).mirror == 0
    before = copies(site).sent
    asked(50)
    assert copies(site).sent == before


def test_a_strangers_mirror_is_refused_and_a_mirrored_side_is_not_removed(site, green):
    site.claim("fraud")
    mirror(site)
    with pytest.raises(Fenced):
        site.router.change("fraud", lambda r: copy(r, "stranger", time.time(), 5.0, 64, "shadow"))
    with pytest.raises(NotConfirmed, match="still has traffic"):
        site.router.remove_upstream("fraud", Side.GREEN)
