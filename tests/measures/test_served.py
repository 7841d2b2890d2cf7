"""A share that was served as asked is believed, another one is not."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.measures.served import FALSE_ALARM, Served, requests_needed, served_by_count, served_by_user
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side


def request(side, user=""):
    return SeenRequest(0.0, "", user, "fraud", side, True, False, True, 1.0, 5.0, 1)


def exact_tail(n, k, p):
    """Chance of a count at least as far from n p as k, on k's side."""
    counts = range(k, n + 1) if k >= n * p else range(k + 1)
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in counts)


@pytest.mark.parametrize("percent", [0.1, 1, 5, 25, 50, 99.9])
def test_a_share_served_as_asked_is_hardly_ever_doubted(percent):
    n, p = 400, percent / 100
    doubted = [k for k in range(n + 1) if not served_by_count(n, k).fits(p)]
    assert math.fsum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in doubted) <= FALSE_ALARM
    assert all(exact_tail(n, k, p) <= FALSE_ALARM / 2 for k in doubted)


@pytest.mark.parametrize(("asked", "served"), [(5, 0), (25, 5), (50, 25), (100, 50), (100, 99.9), (0, 0.1), (5, 25)])
def test_the_share_of_another_step_is_found_out(asked, served):
    assert not served_by_count(1000, round(10 * served)).fits(asked / 100)


def test_without_requests_nothing_speaks_against_any_share():
    assert served_by_count(0, 0).fits(0.05)


@pytest.mark.parametrize("percent", [0.1, 5, 25, 50, 99.9, 100])
def test_with_the_requests_needed_a_share_of_nothing_is_found_out_and_with_fewer_not(percent):
    share = percent / 100
    needed = requests_needed(share)
    assert not served_by_count(needed, 0).fits(share)
    assert needed == 1 or served_by_count(needed - 1, 0).fits(share)


def test_a_few_busy_users_explain_a_share_that_chance_alone_does_not():
    busy = [request(Side.GREEN, "busy")] * 600 + [request(Side.BLUE, f"u{n}") for n in range(900)]
    seen = served_by_user(busy, Side.GREEN)
    assert not served_by_count(seen.requests, seen.candidate).fits(0.05)
    assert seen.fits(0.05)
    assert seen.weight == pytest.approx(1500**2 / (600**2 + 900))


def test_many_users_that_all_stay_on_the_live_side_are_still_found_out():
    quiet = [request(Side.BLUE, f"u{n % 4000}") for n in range(8000)]
    assert not served_by_user(quiet, Side.GREEN).fits(0.05)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_of_all_or_nothing_a_single_request_is_an_exception(share):
    seen = [request(Side.GREEN if share else Side.BLUE, "one")] * 50
    assert served_by_user(seen, Side.GREEN).fits(share)
    other = request(Side.BLUE if share else Side.GREEN, "two")
    assert not served_by_user([*seen, other], Side.GREEN).fits(share)


def test_drawn_users_are_hardly_ever_doubted():
    draw, doubted = random.Random(7), 0
    for _ in range(400):
        requests = []
        for user in range(60):
            side = Side.GREEN if draw.random() < 0.25 else Side.BLUE
            requests += [request(side, f"u{user}")] * draw.choice([1, 1, 2, 50])
        doubted += not served_by_user(requests, Side.GREEN).fits(0.25)
    assert doubted == 0


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_any_numbers_have_an_answer(n, served, share):
    seen = Served(n, round(n * served), float(n))
    assert seen.fits(share) in (True, False)
    assert str(seen).endswith(f"of {n} requests")
