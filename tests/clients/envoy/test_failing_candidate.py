"""A candidate that fails costs its users nothing, and the request log tells of it."""

import json
import time
from dataclasses import replace

import pytest

from greenramp.measures.traffic_log import seen_request
from greenramp.traffic.handling import Handling
from greenramp.traffic.route import shift
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(60)]


def shared(site, percent=50.0):
    site.claim("fraud")
    return site.router.change("fraud", lambda r: shift(r, "r1", time.time(), percent, "canary"))


def asked(site, users=USERS, **more):
    with site.connected() as ask:
        return [ask("/fraud/invocations", user, **more) for user in users]


def seen(site, count):
    return [seen_request(row) for row in site.rows(count)]


def test_the_log_tells_of_each_request_what_a_release_has_to_know(site, green):
    generation = shared(site).generation
    answers = asked(site)
    requests = seen(site, len(USERS))
    assert len({r.user for r in requests}) == len(USERS)
    assert not {r.user for r in requests} & {*USERS, ""}
    assert [r.side.value for r in requests] == [a.name for a in answers]
    assert {(r.service, r.shared, r.percent, r.generation) for r in requests} == {("fraud", True, 50.0, generation)}
    assert not any(r.failed for r in requests)
    assert all(r.answered and 0 < r.ms < 5000 for r in requests)
    assert [r.id for r in requests] == [json.loads(a.text)["headers"]["x-request-id"] for a in answers]
    assert len({r.id for r in requests}) == len(USERS)


def test_a_candidate_that_dies_costs_no_request_and_its_failures_are_told(site, green):
    shared(site)
    before = asked(site)
    green.die()
    after = asked(site, method="POST", body="payload")
    assert {a.status for a in before + after} == {200}
    assert {a.name for a in after} == {"blue"}
    assert {json.loads(a.text)["body"] for a in after} == {"payload"}
    requests = seen(site, 2 * len(USERS))[len(USERS) :]
    hit = [r for r in requests if r.side is Side.GREEN]
    assert [r.side is Side.GREEN for r in requests] == [a.name == "green" for a in before]
    assert all(r.failed and r.answered and r.ms is None for r in hit)
    assert not any(r.failed for r in requests if r.side is Side.BLUE)


def test_a_dead_candidate_that_envoy_avoids_by_now_still_fails_in_the_log(site, green):
    shared(site, 100.0)
    green.die()
    site.eventually(lambda: site.admin.healthy_members("fraud.green-candidate") == 0, "Envoy avoids the candidate")
    assert {(a.status, a.name) for a in asked(site)} == {(200, "blue")}
    requests = seen(site, len(USERS))
    assert all(r.side is Side.GREEN and r.failed and r.answered and r.ms is None for r in requests)


@pytest.mark.parametrize("status", [400, 415, 422, 500, 502, 503, 504])
def test_a_candidate_that_answers_badly_costs_no_request_and_its_failure_is_told(site, green, status):
    shared(site, 100.0)
    green.status = status
    (answer,) = asked(site, ["alice"], method="POST", body="payload")
    assert (answer.status, answer.name, json.loads(answer.text)["body"]) == (200, "blue", "payload")
    (request,) = seen(site, 1)
    assert (request.side, request.failed, request.answered, request.ms) == (Side.GREEN, True, True, None)


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429])
def test_an_answer_that_another_version_would_give_too_is_not_asked_for_twice(site, green, status):
    shared(site, 100.0)
    green.status = status
    (answer,) = asked(site, ["alice"])
    assert (answer.status, answer.name) == (status, "green")
    (request,) = seen(site, 1)
    assert (request.side, request.failed, request.answered) == (Side.GREEN, True, False)


@pytest.mark.parametrize(("covered", "status", "name"), [(True, 200, "green"), (False, 500, "blue")])
def test_a_live_side_that_answers_badly_is_covered_where_it_may_be_and_fails_in_the_log(
    site, green, blue, covered, status, name
):
    shared(site, 0.1)
    site.handle("fraud", live_failover=covered)
    blue.status = 500
    answer = asked(site, ["alice"])[0]
    assert (answer.status, answer.name) == (status, name)
    (request,) = seen(site, 1)
    assert (request.side, request.failed, request.answered) == (Side.BLUE, True, covered)


def test_a_candidate_that_hangs_is_given_one_trys_time(site, green):
    site.claim("fraud")
    site.router.change("fraud", lambda r: replace(r, percent=100.0, handling=Handling(timeout_seconds=0.3)))
    green.hold.clear()
    started = time.monotonic()
    answer = site.ask("/fraud/invocations", "alice")
    assert (answer.status, answer.name) == (200, "blue")
    assert 0.25 < time.monotonic() - started < 3
    (request,) = seen(site, 1)
    assert (request.side, request.failed, request.answered, request.ms) == (Side.GREEN, True, True, None)


def test_a_candidate_that_comes_back_is_used_again(site, green, new_server):
    shared(site, 100.0)
    port = green.server_port
    green.die()
    assert asked(site, ["alice"])[0].name == "blue"
    new_server("green", port)
    site.eventually(lambda: asked(site, ["alice"])[0].name == "green", "the candidate answers again")


def test_rows_of_requests_that_went_nowhere_are_no_requests_of_a_service(site, blue):
    site.ask("/nowhere")
    site.ask("/fraud/")
    assert [(row["status"], seen_request(row) is None) for row in site.rows(1)] == [(404, True), (200, False)]
