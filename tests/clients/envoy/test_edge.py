"""The edge trusts nobody: not with request ids, by which labels are joined, nor with headers that only we may set."""

import json
import time
import uuid

import pytest

from greenramp.traffic.handling import Edge
from greenramp.traffic.route import shift
from greenramp.traffic.split import Side


@pytest.fixture
def asked(site, green):
    """Ask with these headers; gives the answer and what the environment was told."""

    def ask(**headers):
        return site.ask("/fraud/", "alice", **headers)

    return ask


@pytest.fixture
def behind(with_edge, new_server):
    """Start an edge of its own before a service with a live side."""

    def start(**edge):
        site, server = with_edge(Edge(**edge)), new_server("blue")
        site.add("fraud", Side.BLUE, server)
        site.serve("fraud", Side.BLUE)
        return site

    return start


def seen(answer):
    return {name.lower(): value for name, value in json.loads(answer.text)["headers"].items()}


def test_a_request_id_from_outside_is_replaced(site, asked):
    chosen = str(uuid.uuid4())
    asked(x_request_id=chosen)
    (row,) = site.rows(1)
    assert row["id"] != chosen
    assert uuid.UUID(row["id"])


@pytest.mark.parametrize(
    "chosen", [str(uuid.uuid4()), str(uuid.uuid1()), "order-7"], ids=["random", "of a time", "of their own"]
)
def test_a_request_id_from_a_trusted_proxy_is_kept_as_it_is(behind, chosen):
    site = behind(trust_request_id=True)
    assert seen(site.ask("/fraud/", x_request_id=chosen))["x-request-id"] == chosen
    assert site.rows(1)[-1]["id"] == chosen


def test_a_trusted_proxy_that_gives_no_id_gets_one(behind):
    site = behind(trust_request_id=True)
    assert uuid.UUID(seen(site.ask("/fraud/"))["x-request-id"])


def test_a_time_limit_from_outside_is_ignored(asked):
    assert asked(x_envoy_upstream_rq_timeout_ms="1", x_envoy_upstream_rq_per_try_timeout_ms="1").status == 200


def test_two_requests_never_share_an_id_whatever_they_ask_for(site, asked):
    chosen = str(uuid.uuid4())
    for _ in range(5):
        asked(x_request_id=chosen)
    assert len({row["id"] for row in site.rows(5)}) == 5


OURS = ["x-greenramp-user", "X-Greenramp-Lease", "x-greenramp-shadow", "x-greenramp-whatever-comes"]


@pytest.mark.parametrize("name", OURS)
def test_what_only_we_may_say_is_not_taken_from_outside(site, blue, name):
    forged = f"{name}: forged\r\n".encode()
    answer = site.say(b"GET /fraud/ HTTP/1.1\r\nhost: x\r\n" + forged + b"x-other: y\r\n" + forged + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"x-other" in answer
    assert b"forged" not in answer
    assert site.rows(1)[-1]["user"] is None


def test_nobody_ends_a_lease_from_outside_nor_chooses_his_side(site, green):
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 100.0, "canary"))
    assert site.ask("/fraud/", x_greenramp_lease="ended").name == "green"
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    with site.connected() as ask:
        chosen = [{ask("/fraud/", user, x_greenramp_user=f"{n:016x}").name for n in range(30)} for user in "abcdefgh"]
    assert [len(sides) for sides in chosen] == [1] * 8


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash(site, blue):
    answer = site.say(b"GET /fraud/ HTTP/1.1\r\nhost: x\r\nx_greenramp_user: a\r\nx_user_id: b\r\nx-c: d\r\n\r\n")
    assert b"x-c" in answer
    assert b"x_" not in answer


@pytest.mark.parametrize("host", ["a.example", "A.Example", "a.example:8080", "b.example"])
def test_whoever_comes_under_a_known_name_is_let_in(behind, host):
    assert behind(hosts=("a.example", "B.example")).ask("/fraud/", host=host).status == 200


@pytest.mark.parametrize("host", ["c.example", "a.example.c.example", "xa.example", "127.0.0.1", "a.example:x", ""])
def test_whoever_comes_under_another_name_is_told_which_are_known(behind, host):
    site = behind(hosts=("a.example", "b.example"))
    answer = site.ask("/fraud/", host=host)
    assert (answer.status, answer.text) == (421, "no such host here; hosts: a.example, b.example\n")
    assert site.counted("cluster.fraud.blue-live.upstream_rq_total") == 0


def test_without_hosts_every_name_is_let_in(site, blue):
    assert site.ask("/fraud/", host="whatever.example").status == 200


def names_of(site, *addresses):
    """Which names the edge gives to users who are told apart by their address alone."""
    site.handle("fraud", user_header="", user_address=True)
    return [seen(site.ask("/fraud/", x_forwarded_for=chain))["x-greenramp-user"] for chain in addresses]


def test_behind_trusted_proxies_they_say_whose_address_it_is(behind):
    first, second, again, forged, ipv6, other_ipv6 = names_of(
        behind(trusted_proxies=1),
        *["203.0.113.1", "203.0.113.2", "203.0.113.1", "203.0.113.2, 203.0.113.1", "2001:db8::1", "2001:db8::2"],
    )
    assert first == again == forged
    assert len({first, second, ipv6, other_ipv6}) == 4


def test_without_trusted_proxies_nobody_says_whose_address_it_is(site, blue):
    assert len(set(names_of(site, "203.0.113.1", "203.0.113.2", "127.0.0.9"))) == 1


def test_the_address_decides_the_side_for_good(behind, new_server):
    site = behind(trusted_proxies=1)
    site.add("fraud", Side.GREEN, new_server("green"), version="8")
    site.handle("fraud", user_header="", user_address=True)
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    addresses = [f"203.0.113.{n}" for n in range(30)]
    sides = [{site.ask("/fraud/", x_forwarded_for=address).name for _ in range(3)} for address in addresses]
    assert sorted(map(len, sides)) == [1] * 30
    assert set().union(*sides) == {"blue", "green"}


@pytest.mark.parametrize("path", ["/stats", "/config_dump", "/../stats", "/fraud/../stats", "/ready", "/metrics"])
def test_the_admin_interface_is_not_reached_through_the_edge(site, blue, path):
    assert site.say(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode()).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("path", ["/fraud%2fx", "/fraud/%2Fx", "/fraud%5cx"])
def test_a_path_that_servers_may_read_in_two_ways_is_refused(site, blue, path):
    assert site.ask(path).status == 400


def test_slashes_too_many_lead_nowhere_else(site, blue):
    assert json.loads(site.ask("//fraud///a//b/../c").text)["path"] == "/a/c"
