"""What becomes of each side's requests, held against a known number of requests and the answers users got."""

import threading
import time
from collections import Counter

import pytest

from greenramp.clients.envoy.sidetraffic import read_traffic
from greenramp.traffic.handling import Edge, Retry
from greenramp.traffic.route import copy, put_back, shift
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(60)]


@pytest.fixture
def since(site):
    """Give a function that tells what came since the test began."""
    began = read_traffic(site.home, "fraud")
    return lambda: read_traffic(site.home, "fraud") - began


class Slow(threading.Event):
    """Holds each request of a server for a while."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def wait(self, _timeout=None):
        time.sleep(self.seconds)
        return True


def timed(traffic):
    """How many times each side has been timed; Envoy adds them up a moment after it has counted the answers."""
    return [sum(traffic.sides[side].times.values()) for side in Side]


def share(site, percent=50.0, **handling):
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), percent, "canary"))
    site.handle("fraud", **handling)


def answers(site, users=USERS):
    with site.connected() as ask:
        return {user: ask("/fraud/invocations", user, method="POST", body="payload") for user in users}


def test_each_side_is_counted_as_often_as_it_answered(site, green, since):
    share(site)
    seen = Counter(answer.name for answer in answers(site).values())
    sides = since().sides
    assert {side.value: sides[side].chosen for side in Side} == dict(seen)
    assert sum(seen.values()) == len(USERS)
    assert [(s.failed_first, s.answered_5xx, s.open) for s in sides.values()] == [(0, 0, 0)] * 2
    site.eventually(lambda: timed(since()) == [seen["blue"], seen["green"]], "all are timed")


def test_with_nothing_shared_the_live_side_is_chosen_for_all(site, green, since):
    answers(site)
    assert [since().sides[side].chosen for side in Side] == [len(USERS), 0]


def test_a_dead_candidates_first_tries_are_its_failures_also_once_envoy_passes_it_over_and_no_user_sees_one(
    site, green, since
):
    share(site)
    meant = Counter(site.who_answers("fraud", USERS).values())
    green.die()
    before = since()
    assert {(a.status, a.name) for a in answers(site).values()} == {(200, "blue")}
    dead = since() - before
    assert dead.sides[Side.GREEN].chosen == meant["green"]
    assert dead.sides[Side.GREEN].failed_first == meant["green"]
    assert dead.sides[Side.GREEN].elsewhere > 0
    assert dead.sides[Side.GREEN].answered_5xx == 0
    assert (dead.sides[Side.BLUE].failed_first, dead.sides[Side.BLUE].answered_5xx) == (0, 0)


def test_a_dead_live_side_that_the_candidate_answers_for_is_no_failure_of_the_candidates(site, green, blue, since):
    share(site)
    meant = Counter(site.who_answers("fraud", USERS).values())
    before = since()
    blue.die()
    assert {(a.status, a.name) for a in answers(site).values()} == {(200, "green")}
    dead = since() - before
    assert dead.sides[Side.BLUE].failed_first == meant["blue"]
    assert (dead.sides[Side.GREEN].failed_first, dead.sides[Side.GREEN].answered_5xx) == (0, 0)


def test_what_the_candidate_answered_for_the_live_side_does_not_hide_that_it_is_passed_over_later(
    site, green, blue, new_server, since
):
    share(site)
    meant = Counter(site.who_answers("fraud", USERS).values())
    before = since()
    blue.die()
    answers(site)
    back = new_server("blue", blue.server_address[1])
    site.eventually(lambda: site.admin.healthy_members("fraud.blue-live") == 1, "the live side is back")
    green.die()
    assert {a.name for a in answers(site).values()} == {back.name}
    assert (since() - before).sides[Side.GREEN].failed_first == meant["green"]


def test_with_both_sides_dead_the_requests_of_each_are_its_failures_and_users_see_them(site, green, blue, since):
    share(site)
    meant = Counter(site.who_answers("fraud", USERS).values())
    green.die()
    site.eventually(lambda: site.admin.healthy_members("fraud.green-candidate") == 0, "green is passed over")
    blue.die()
    before = since()
    assert {a.status for a in answers(site).values()} == {503}
    sides = (since() - before).sides
    assert sides[Side.GREEN].elsewhere == meant["green"]
    assert {side.value: sides[side].failed_first for side in Side} == dict(meant)
    assert {side.value: sides[side].answered_5xx for side in Side} == dict(meant)


@pytest.mark.parametrize("retry", [Retry.ANY, Retry.NONE])
def test_500s_are_failures_of_the_side_and_reach_users_only_where_nothing_is_tried_again(site, green, since, retry):
    share(site, retry=retry)
    meant = Counter(site.who_answers("fraud", USERS).values())
    green.status = 500
    before = since()
    lost = sum(a.status == 500 for a in answers(site).values())
    side = (since() - before).sides[Side.GREEN]
    assert (side.chosen, side.failed_first, side.answered_5xx) == (meant["green"], meant["green"], lost)
    assert (lost > 0) == (retry is Retry.NONE)


def test_an_input_that_neither_version_takes_is_a_failed_first_try_of_the_side_it_was_sent_to(site, green, blue, since):
    share(site)
    meant = Counter(site.who_answers("fraud", USERS).values())
    blue.status = green.status = 400
    before = since()
    assert {a.status for a in answers(site).values()} == {400}
    sides = (since() - before).sides
    assert [(sides[s].failed_first, sides[s].answered_5xx) for s in Side] == [(meant["blue"], 0), (meant["green"], 0)]


def test_failures_that_were_covered_and_failures_that_were_not_add_up(site, new_server, since):
    one, two = new_server("one"), new_server("two")
    site.add("fraud", Side.BLUE, one, two)
    site.serve("fraud", Side.BLUE)
    before = since()
    one.die()
    assert {a.name for a in answers(site, USERS[:30]).values()} == {"two"}
    covered = (since() - before).sides[Side.BLUE].failed_first
    assert covered > 0
    site.eventually(lambda: site.admin.healthy_members("fraud.blue-live") == 1, "the dead one is passed over")
    two.status = 500
    assert {a.status for a in answers(site, USERS[30:]).values()} == {500}
    both = (since() - before).sides[Side.BLUE]
    assert (both.failed_first, both.answered_5xx) == (covered + 30, 30)


def test_a_look_shows_the_times_up_to_now_and_not_those_up_to_the_look_before(site, blue, since):
    for number in range(1, 11):
        answers(site, USERS[:5])
        if timed(since())[0] == 5 * number:  # under load the last ones may be some milliseconds late
            return
    pytest.fail("times are those of the look before")


def test_two_readings_subtract_to_what_came_between_them(site, blue):
    first = read_traffic(site.home, "fraud")

    def after(count):
        answers(site, USERS[:count])
        seen = read_traffic(site.home, "fraud")
        site.eventually(lambda: timed(read_traffic(site.home, "fraud"))[0] == seen.sides[Side.BLUE].chosen, "all timed")
        return read_traffic(site.home, "fraud")

    second, third = after(7), after(20)
    pairs = [(first, second), (second, third), (first, third)]
    assert [(b - a).sides[Side.BLUE].chosen for a, b in pairs] == [7, 20, 27]
    assert timed(third - second)[0] == 20
    assert (third - first).seconds == pytest.approx(third.at - first.at)
    assert 0 < (third - first).seconds < 60


def test_a_reading_after_envoys_restart_counts_from_there(with_edge, new_server):
    site = with_edge(Edge())
    site.add("fraud", Side.BLUE, new_server("blue"))
    site.serve("fraud", Side.BLUE)
    answers(site, USERS[:5])
    site.eventually(lambda: read_traffic(site.home, "fraud").since_start >= 2, "Envoy counts its first seconds")
    before = read_traffic(site.home, "fraud")
    site.kill()
    site.start()
    answers(site, USERS[:20])
    between = read_traffic(site.home, "fraud") - before
    assert between.sides[Side.BLUE].chosen == 20
    assert between.seconds < before.since_start


def test_a_side_that_is_removed_and_comes_again_is_counted_anew_and_the_other_one_on(site, green, new_server):
    answers(site)  # counted where a service's only side is
    share(site)
    site.who_answers("fraud", USERS)
    before = read_traffic(site.home, "fraud")
    site.router.change("fraud", lambda r: put_back(r, "r1", Side.BLUE))
    site.router.remove_upstream("fraud", Side.GREEN)
    assert (read_traffic(site.home, "fraud") - before).chosen == 0
    answers(site, USERS[:4])
    site.add("fraud", Side.GREEN, new_server("green"))
    share(site)
    again = Counter(site.who_answers("fraud", USERS[:30]).values())
    sides = (read_traffic(site.home, "fraud") - before).sides
    assert [sides[side].chosen for side in Side] == [4 + again["blue"], again["green"]]
    assert [side.failed_first for side in sides.values()] == [0, 0]
    site.eventually(
        lambda: timed(read_traffic(site.home, "fraud") - before) == [4 + again["blue"], again["green"]], "all are timed"
    )


def test_a_slow_side_is_seen_in_its_own_times_and_in_no_other(site, green, since):
    share(site)
    green.hold = Slow(0.2)
    seen = Counter(answer.name for answer in answers(site, USERS[:20]).values())
    site.eventually(lambda: timed(since()) == [seen["blue"], seen["green"]], "all are timed")
    sides = since().sides
    assert 190 <= sides[Side.GREEN].milliseconds(0.5) < 2000
    assert sides[Side.BLUE].milliseconds(0.5) < 100


def test_a_rare_slow_answer_is_in_the_high_percentiles_alone(site, blue, since):
    answers(site)
    blue.hold = Slow(0.3)
    answers(site, USERS[:3])
    site.eventually(lambda: timed(since())[0] == len(USERS) + 3, "all are timed")
    side = since().sides[Side.BLUE]
    assert side.milliseconds(0.5) < 100
    assert 290 <= side.milliseconds(0.99) < 2000


def test_without_requests_there_is_no_time(site, blue, since):
    assert since().sides[Side.GREEN].milliseconds(0.99) is None
    assert since().chosen == 0


def test_what_is_under_way_is_open_and_not_yet_counted(site, green, since):
    share(site, 100.0)
    green.hold.clear()
    asking = [threading.Thread(target=site.ask, args=("/fraud/",)) for _ in range(3)]
    for one in asking:
        one.start()
    site.eventually(lambda: since().sides[Side.GREEN].open == 3, "three requests are open")
    side = since().sides[Side.GREEN]
    assert (side.chosen, side.failed_first, side.elsewhere) == (0, 0, 0)
    green.hold.set()
    for one in asking:
        one.join()
    site.eventually(lambda: since().sides[Side.GREEN].chosen == 3, "they are answered")
    assert (since().sides[Side.GREEN].open, since().sides[Side.GREEN].failed_first) == (0, 0)


def test_copies_are_told_of_the_side_that_gets_them_and_not_counted_as_its_requests(site, green, since):
    site.claim("fraud")
    site.router.change("fraud", lambda r: copy(r, "r1", time.time(), 100.0, 64, "shadow"))
    for number, user in enumerate(USERS[:10], 1):  # not all at once: what piles up would be dropped
        answers(site, [user])
        site.eventually(lambda n=number: since().sides[Side.GREEN].copies.answered == n, "its copy is answered")
    sides = since().sides
    copies = sides[Side.GREEN].copies
    assert (copies.sent, copies.failed, copies.dropped) == (10, 0, 0)
    assert (sides[Side.GREEN].chosen, sides[Side.BLUE].chosen, sides[Side.BLUE].copies.sent) == (0, 10, 0)
    before = since()
    answers(site, USERS[:1])
    assert (since() - before).sides[Side.GREEN].copies.sent == 1


def test_one_services_requests_are_not_another_ones(site, blue, new_server):
    site.add("fraud-2", Side.BLUE, new_server("other"))
    site.serve("fraud-2", Side.BLUE)
    before = read_traffic(site.home, "fraud")
    site.who_answers("fraud-2", USERS[:5])
    assert (read_traffic(site.home, "fraud") - before).chosen == 0
