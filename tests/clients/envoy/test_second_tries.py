"""Which requests are tried a second time, and who answers then: as the service's configuration says."""

import time

import pytest

from greenramp.measures.traffic_log import seen_request
from greenramp.traffic.handling import Retry
from greenramp.traffic.route import shift
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(40)]


def shared(site, **handling):
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    site.handle("fraud", **handling)


def asked(site):
    with site.connected() as ask:
        return [ask("/fraud/invocations", user, method="POST", body="payload") for user in USERS]


def failed_by_side(site):
    rows = [seen_request(row) for row in site.rows(len(USERS))]
    return {side: sum(r.failed for r in rows if r.side is side) for side in Side}


@pytest.mark.parametrize(("retry", "lost"), [(Retry.ANY, False), (Retry.UNSENT, True), (Retry.NONE, True)])
def test_a_candidates_500_is_answered_by_the_live_side_only_where_any_request_may_be_tried_again(
    site, green, retry, lost
):
    shared(site, retry=retry)
    green.status = 500
    answers = asked(site)
    assert (500 in {a.status for a in answers}) == lost
    assert failed_by_side(site)[Side.GREEN] > 0
    assert failed_by_side(site)[Side.BLUE] == 0


@pytest.mark.parametrize(("retry", "lost"), [(Retry.ANY, False), (Retry.UNSENT, False), (Retry.NONE, True)])
def test_what_a_dead_candidate_never_got_is_tried_again_unless_nothing_may_be(site, green, retry, lost):
    shared(site, retry=retry)
    green.die()
    assert (503 in {a.status for a in asked(site)[:3]}) in (lost, False)
    assert failed_by_side(site)[Side.GREEN] > 0


@pytest.mark.parametrize("retry", [Retry.UNSENT, Retry.NONE])
def test_a_request_that_a_version_has_begun_is_never_sent_twice_where_it_must_not_be(site, green, retry, eventually):
    shared(site, retry=retry, timeout_seconds=0.4)
    green.remember = green.hold.clear() or True
    answers = asked(site)
    assert 504 in {a.status for a in answers}
    assert {a.name for a in answers if a.status == 200} == {"blue"}
    green.hold.set()
    mine = sum(a.status == 504 for a in answers)
    eventually(lambda: len(green.seen) >= mine, "the candidate has come to the requests it was sent")
    assert len(green.seen) == mine


def test_a_live_side_that_dies_while_traffic_is_shared_is_answered_for_by_the_candidate(site, green, blue):
    shared(site)
    blue.die()
    assert {(a.status, a.name) for a in asked(site)} == {(200, "green")}
    assert failed_by_side(site)[Side.BLUE] > 0
    assert failed_by_side(site)[Side.GREEN] == 0


def test_where_the_candidate_may_not_answer_for_the_live_side_nobody_does(site, green, blue):
    shared(site, live_failover=False)
    before = site.who_answers("fraud", USERS)
    blue.die()
    answers = dict(zip(USERS, asked(site), strict=True))
    assert {before[user] for user, a in answers.items() if a.status == 503} == {"blue"}
    assert {before[user] for user, a in answers.items() if a.status == 200} == {"green"}


def test_of_two_processes_the_second_answers_for_the_first(site, new_server):
    one, two = new_server("one"), new_server("two")
    site.add("fraud", Side.BLUE, one, two)
    site.serve("fraud", Side.BLUE)
    one.die()
    assert {(a.status, a.name) for a in asked(site)} == {(200, "two")}
