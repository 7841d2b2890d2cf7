"""Who is answered by whom, by the real Envoy."""

import json
import time

import pytest

from greenramp.traffic.route import claim, leave, put_back, settle, shift, switch, take_back
from greenramp.traffic.split import TOTAL_WEIGHT, Side, Split

USERS = [f"user-{n}" for n in range(200)]


def share(site, percent, owner="r1", service="fraud"):
    return site.router.change(service, lambda r: shift(r, owner, time.time(), percent, f"canary {percent:g} %"))


def candidates(answers):
    return {user for user, name in answers.items() if name == "green"}


# before anything serves


def test_with_no_service_at_all_every_path_is_unknown(site):
    answer = site.ask("/fraud/invocations")
    assert (answer.status, answer.text) == (404, "no such service; services here: none yet\n")


def test_a_service_that_no_version_serves_says_how_to_release_one(site):
    site.claim("fraud")
    answer = site.ask("/fraud/invocations")
    assert answer.status == 503
    assert answer.text == "fraud: no version serves yet; release one with: greenramp release fraud\n"


@pytest.mark.parametrize("path", ["/", "/fraud", "/frauds/invocations", "/digit/", "/other/fraud/", "/fraud/../other"])
def test_an_unknown_path_is_told_what_there_is(site, blue, path):
    answer = site.ask(path)
    assert (answer.status, answer.text) == (404, "no such service; services here: /fraud/\n")


# one side


def test_one_live_side_answers_everybody(site, blue):
    assert set(site.who_answers("fraud", USERS[:50]).values()) == {"blue"}


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("/fraud/invocations", "/invocations"),
        ("/fraud/", "/"),
        ("/fraud/a/b?c=d&e=%20f", "/a/b?c=d&e=%20f"),
        ("/fraud/fraud/x", "/fraud/x"),
        ("/fraud/./a/../b", "/b"),
    ],
)
def test_the_service_is_taken_off_the_path(site, blue, asked, seen):
    assert json.loads(site.ask(asked).text)["path"] == seen


def test_method_body_and_headers_arrive_and_the_answer_comes_back_whole(site, blue):
    answer = site.ask("/fraud/invocations", "alice", method="POST", body="x" * 100_000, x_request_id="mine")
    seen = json.loads(answer.text)
    assert (seen["method"], seen["body"]) == ("POST", "x" * 100_000)
    assert seen["headers"]["x-user-id"] == "alice"
    assert seen["headers"]["x-request-id"]
    assert answer.headers["x-model-version"] == "7"


def test_services_do_not_mix(site, blue, new_server):
    site.add("digits", Side.GREEN, new_server("digits"))
    site.serve("digits", Side.GREEN)
    assert site.ask("/fraud/").name == "blue"
    assert site.ask("/digits/").name == "digits"
    assert sorted(site.router.read_all()) == ["digits", "fraud"]


def test_all_processes_of_a_side_take_their_part(site, new_server):
    site.add("fraud", Side.BLUE, new_server("one"), new_server("two"))
    site.serve("fraud", Side.BLUE)
    assert set(site.who_answers("fraud", USERS[:20]).values()) == {"one", "two"}


# a split


def test_half_the_users_meet_the_candidate_and_each_user_the_same_side_always(site, green):
    site.claim("fraud")
    assert share(site, 50.0).split == Split(blue=50, green=50)
    first = site.who_answers("fraud", USERS)
    assert 65 < len(candidates(first)) < 135  # 50 % of 200, five standard deviations either way
    assert site.who_answers("fraud", USERS) == first


def test_whoever_meets_the_candidate_at_a_small_share_still_does_at_a_larger_one(site, green):
    site.claim("fraud")
    before = set()
    for percent in (5.0, 25.0, 50.0, 100.0):
        share(site, percent)
        now = candidates(site.who_answers("fraud", USERS))
        assert before <= now
        wanted = len(USERS) * percent / 100
        assert abs(len(now) - wanted) < 5 * (wanted * (1 - percent / 100)) ** 0.5 + 1
        before = now
    assert before == set(USERS)


def test_each_release_draws_other_users(site, green):
    drawn = []
    for release in ("r1", "r2"):
        site.claim("fraud", release)
        share(site, 50.0, release)
        drawn.append(candidates(site.who_answers("fraud", USERS)))
        site.router.change("fraud", lambda r, release=release: leave(r, release))
    assert drawn[0] != drawn[1]


def test_requests_without_a_user_are_shared_too(site, green):
    site.claim("fraud")
    share(site, 50.0)
    with site.connected() as ask:
        names = [ask("/fraud/").name for _ in range(200)]
    assert 65 < names.count("green") < 135


def test_requests_with_an_empty_user_are_shared_like_those_without_one(site, green):
    site.claim("fraud")
    share(site, 50.0)
    with site.connected() as ask:
        names = [ask("/fraud/", user="").name for _ in range(200)]
    assert 65 < names.count("green") < 135


def test_a_share_finer_than_a_percent_is_a_share(site, green):
    site.claim("fraud")
    share(site, 0.1)
    routes = json.loads((site.home.xds / "rds.json").read_text())["resources"][0]["virtual_hosts"][0]["routes"]
    weights = [c["weight"] for c in routes[1]["route"]["weighted_clusters"]["clusters"]]
    assert weights == [10, TOTAL_WEIGHT - 10]
    assert site.ask("/fraud/", "alice").status == 200


# the way through a release, and back


def test_a_release_goes_its_way_from_claim_to_leave(site, green):
    def names():
        return set(site.who_answers("fraud", USERS[:40]).values())

    change = site.router.change
    change("fraud", lambda r: claim(r, "r1", time.time(), 60))
    assert names() == {"blue"}
    share(site, 50.0)
    assert names() == {"blue", "green"}
    change("fraud", lambda r: switch(r, "r1", time.time(), Side.GREEN, "switched"))
    assert names() == {"green"}
    change("fraud", lambda r: settle(r, "r1"))
    change("fraud", lambda r: leave(r, "r1"))
    assert names() == {"green"}
    site.router.remove_upstream("fraud", Side.BLUE)
    assert names() == {"green"}
    assert site.router.read("fraud").split == Split(blue=0, green=100)


@pytest.mark.parametrize(
    "back",
    [
        pytest.param(lambda r: put_back(r, "r1", Side.BLUE), id="put back by the release"),
        pytest.param(lambda r: leave(r, "r1"), id="left by the release"),
        pytest.param(lambda r: take_back(r, "rollback", time.time(), 60), id="taken back by a person"),
    ],
)
def test_what_goes_back_goes_back_at_once(site, green, back):
    site.claim("fraud")
    share(site, 100.0)
    assert site.ask("/fraud/", "alice").name == "green"
    site.router.change("fraud", back)
    assert set(site.who_answers("fraud", USERS[:50]).values()) == {"blue"}


def test_after_a_switch_a_person_takes_traffic_back_to_the_version_behind_it(site, green):
    site.claim("fraud")
    site.router.change("fraud", lambda r: switch(r, "r1", time.time(), Side.GREEN, "switched"))
    assert site.ask("/fraud/").name == "green"
    site.router.change("fraud", lambda r: take_back(r, "rollback", time.time(), 60))
    assert site.ask("/fraud/").name == "blue"


def test_the_old_version_answers_what_the_new_one_fails_to_until_it_is_settled(site, green):
    site.claim("fraud")
    site.router.change("fraud", lambda r: switch(r, "r1", time.time(), Side.GREEN, "switched"))
    green.status = 500
    answer = site.ask("/fraud/invocations", method="POST", body="payload")
    assert (answer.status, answer.name, json.loads(answer.text)["body"]) == (200, "blue", "payload")
    site.router.change("fraud", lambda r: settle(r, "r1"))
    assert (site.ask("/fraud/").status, site.ask("/fraud/").name) == (500, "green")


# the lease


def test_a_split_whose_lease_ends_goes_back_by_envoy_alone(site, green):
    site.claim("fraud", lease_seconds=1.0)
    share(site, 100.0)
    ends = site.router.read("fraud").until
    assert site.ask("/fraud/", "alice").name == "green"
    last_green = first_blue = 0.0
    with site.connected() as ask:
        while not first_blue:
            asked = time.time()
            if ask("/fraud/", "alice").name == "blue":
                first_blue = time.time()
            else:
                last_green = asked
            assert asked < ends + 5
    assert last_green <= ends + 0.1
    assert ends <= first_blue < ends + 1.0
    assert set(site.who_answers("fraud", USERS[:50]).values()) == {"blue"}
    assert site.router.read("fraud").percent == 100.0  # nobody wrote anything


@pytest.mark.parametrize("value", ["ended", "", "0", "99999999999"])
def test_a_forged_lease_header_changes_nothing_while_the_lease_stands(site, green, value):
    site.claim("fraud")
    share(site, 100.0)
    answer = site.ask("/fraud/", "alice", x_greenramp_lease=value)
    assert answer.name == "green"
    assert "x-greenramp-lease" not in json.loads(answer.text)["headers"]


@pytest.mark.parametrize("value", ["ended", "", "0", "99999999999"])
def test_a_forged_lease_header_changes_nothing_after_the_lease_has_ended(site, green, value):
    site.claim("fraud", lease_seconds=0.3)
    share(site, 100.0)
    site.eventually(lambda: site.ask("/fraud/", "alice").name == "blue", "the lease has ended")
    assert site.ask("/fraud/", "alice", x_greenramp_lease=value).name == "blue"


def test_the_end_of_a_lease_moves_nothing_where_nothing_is_shared(site, green):
    site.claim("fraud", lease_seconds=0.05)
    site.eventually(lambda: time.time() > site.router.read("fraud").until, "the lease has ended")
    assert site.ask("/fraud/", "alice").name == "blue"
