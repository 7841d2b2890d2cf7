"""A service answers under names of its own too, beside its path under every name."""

import time

import pytest

from greenramp.errors import NotConfirmed
from greenramp.traffic.route import shift
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(30)]


def under(site, host, path="/invocations", user="alice"):
    return site.ask(path, user, host=host)


@pytest.fixture
def named(site, green):
    site.handle("fraud", hosts=("fraud.example.com",))
    return site


@pytest.mark.parametrize("host", ["fraud.example.com", "FRAUD.example.com", "fraud.example.com:8080"])
def test_it_answers_at_the_root_of_its_own_name(named, host):
    answer = under(named, host)
    assert (answer.status, answer.name) == (200, "blue")
    assert '"path": "/invocations"' in answer.text


def test_its_path_works_under_other_names_and_other_names_have_no_root(named):
    assert under(named, "localhost", "/fraud/invocations").name == "blue"
    assert under(named, "localhost").status == 404
    assert under(named, "other.example.com").status == 404


def test_under_both_names_a_user_meets_the_same_side(named):
    named.claim("fraud")
    named.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    by_path = {user: under(named, "localhost", "/fraud/invocations", user).name for user in USERS}
    assert by_path == {user: under(named, "fraud.example.com", user=user).name for user in USERS}
    assert set(by_path.values()) == {"blue", "green"}


def test_two_services_can_not_have_the_same_name(named, new_server):
    named.add("digits", Side.BLUE, new_server("digits"))
    named.serve("digits", Side.BLUE)
    before = named.router.read("digits")
    with pytest.raises(NotConfirmed, match="Envoy refuses"):
        named.handle("digits", hosts=("fraud.example.com",))
    assert named.router.read("digits") == before
    assert under(named, "fraud.example.com").name == "blue"
