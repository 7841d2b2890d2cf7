"""The closed loop on the real Envoy: what it serves is held against what was asked for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from greenramp.clients.envoy.servedshare import confirm_share
from greenramp.errors import NotConfirmed
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import put_back, shift, switch
from greenramp.traffic.split import Side


@pytest.fixture
def asking(site):
    """Users who ask all the time, `users` of them one after the other, each `times` in a row."""

    @contextmanager
    def ask_all_the_time(users=5000, times=1):
        ended = threading.Event()

        def go():
            with site.connected() as ask:
                while True:
                    for n in range(users):
                        for _ in range(times if n == 0 else 1):
                            if ended.is_set():
                                return
                            ask("/fraud/invocations", f"user-{n}")

        thread = threading.Thread(target=go)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    return ask_all_the_time


def share(site, percent):
    return site.router.change("fraud", lambda r: shift(r, "r1", time.time(), percent, "canary")).generation


@pytest.mark.parametrize("percent", [5.0, 50.0, 100.0])
def test_a_share_that_is_served_is_confirmed_from_envoys_counters(site, green, asking, percent):
    site.claim("fraud")
    with asking():
        seen = confirm_share(site.home, "fraud", Side.GREEN, percent, share(site, percent), 20)
    assert seen.enough
    assert seen.served.fits(percent / 100)
    assert seen.served.requests >= 1


def test_after_the_switch_everything_is_seen_at_the_new_live_side(site, green, asking):
    site.claim("fraud")
    with asking():
        share(site, 100.0)
        route = site.router.change("fraud", lambda r: switch(r, "r1", time.time(), Side.GREEN, "switched"))
        seen = confirm_share(site.home, "fraud", Side.GREEN, 100.0, route.generation, 20)
    assert seen.served.candidate == seen.served.requests > 0


@pytest.mark.parametrize(
    ("otherwise", "instead"),
    [
        pytest.param(lambda r: put_back(r, "r1", Side.BLUE), 0, id="nothing"),
        pytest.param(lambda r: replace(r, percent=5.0), 5, id="the step before"),
    ],
)
def test_another_share_than_the_one_asked_for_is_not_confirmed(site, green, asking, otherwise, instead):
    site.claim("fraud")
    generation = share(site, 50.0)
    site.router.change("fraud", otherwise)
    with asking(), pytest.raises(NotConfirmed, match=r"the candidate was served .* % of \d+ requests, .* for 50 %"):
        confirm_share(site.home, "fraud", Side.GREEN, 50.0, generation, 3)


def test_a_share_that_ends_with_its_lease_is_not_confirmed(site, green, asking):
    site.claim("fraud", lease_seconds=0.5)
    generation = share(site, 50.0)
    site.eventually(lambda: not site.router.read("fraud").held(time.time()), "the lease has ended")
    with asking(), pytest.raises(NotConfirmed):
        confirm_share(site.home, "fraud", Side.GREEN, 50.0, generation, 2)


def test_one_busy_user_does_not_make_a_share_a_wrong_one(site, green, asking):
    site.claim("fraud")
    generation = share(site, 5.0)
    with asking(users=3, times=500):  # three users can't be shared 5 to 95
        seen = confirm_share(site.home, "fraud", Side.GREEN, 5.0, generation, 20)
    assert seen.served.weight < seen.served.requests or seen.served.fits(0.05)


def test_without_traffic_nothing_is_doubted_and_it_says_that_it_could_not_tell(site, green):
    site.claim("fraud")
    seen = confirm_share(site.home, "fraud", Side.GREEN, 5.0, share(site, 5.0), 0.5)
    assert (seen.served.requests, seen.enough) == (0, False)


def test_a_candidate_that_died_is_still_seen_as_chosen(site, green, asking):
    site.claim("fraud")
    generation = share(site, 50.0)
    green.die()
    with asking():
        assert confirm_share(site.home, "fraud", Side.GREEN, 50.0, generation, 20).enough


def test_when_another_envoy_takes_over_counting_begins_anew(with_edge, new_server, eventually):
    site = with_edge(Edge())
    site.add("fraud", Side.BLUE, new_server("blue"))
    site.add("fraud", Side.GREEN, new_server("green"), version="8")
    site.serve("fraud", Side.BLUE)
    site.claim("fraud")
    generation = share(site, 50.0)
    site.who_answers("fraud", [f"user-{n}" for n in range(400)])
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(confirm_share, site.home, "fraud", Side.GREEN, 50.0, generation, 20)
        time.sleep(0.5)  # it has read the first one's counters
        other = type(site)(site.home, eventually)
        other.port = site.port
        try:
            other.launch()
            roles = ("live", "backed", "fallback")
            clusters = [f"fraud.{side}-{role}" for side in ("blue", "green") for role in roles]
            eventually(lambda: not sum(site.admin.completed(clusters).values()), "the other one is asked")
            eventually(site.admin.ready, "it is ready")
            site.kill()
            healthy = [f"fraud.{side}-candidate" for side in ("blue", "green")]
            eventually(lambda: all(map(site.admin.healthy_members, healthy)), "the other one serves")
            site.who_answers("fraud", [f"user-{n}" for n in range(200)])
            seen = looking.result(30)
        finally:
            other.kill()
    assert seen.enough
    assert 0 < seen.served.candidate < seen.served.requests <= 200
