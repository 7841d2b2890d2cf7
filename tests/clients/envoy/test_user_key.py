"""Which key tells users apart at the real edge, and that nothing but its hash goes any further."""

import json
import random
import time

import pytest

from greenramp.traffic.route import shift
from greenramp.traffic.split import Side

SECRET = bytes(range(16))
ALL_64_BITS = 2**64 - 1


def siphash(text, key=SECRET):
    """SipHash-2-4, written from its paper."""

    def turned(x, by):
        return (x << by | x >> (64 - by)) & ALL_64_BITS

    def mix(a, b, c, d):
        a, c = a + b & ALL_64_BITS, c + d & ALL_64_BITS
        b, d, a = turned(b, 13) ^ a, turned(d, 16) ^ c, turned(a, 32)
        c, a = c + b & ALL_64_BITS, a + d & ALL_64_BITS
        return a, turned(b, 17) ^ c, turned(c, 32), turned(d, 21) ^ a

    low, high = (int.from_bytes(half, "little") for half in (key[:8], key[8:]))
    v = (low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D, low ^ 0x6C7967656E657261, high ^ 0x7465646279746573)
    padded = text + bytes(7 - len(text) % 8) + bytes([len(text) % 256])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v = mix(*mix(*v[:3], v[3] ^ word))
        v = (v[0] ^ word, *v[1:])
    v = mix(*mix(*mix(*mix(v[0], v[1], v[2] ^ 0xFF, v[3]))))
    return f"{v[0] ^ v[1] ^ v[2] ^ v[3]:016x}"


@pytest.mark.parametrize(
    ("text", "published"),
    [(b"", "726fdb47dd0e0e31"), (bytes(range(15)), "a129ca6149be45e5"), (bytes(range(63)), "958a324ceb064572")],
    ids=["nothing", "the paper's example", "the longest vector"],
)
def test_these_tests_know_siphash_as_it_was_published(text, published):
    assert siphash(text) == published


@pytest.fixture
def told(site, blue):
    """Ask with these headers, after the service is handled so; gives the name that the environment was told."""

    def ask(handling=None, **headers):
        if handling is not None:
            site.handle("fraud", **handling)
        answer = site.ask("/fraud/", **headers)
        assert answer.status == 200
        return json.loads(answer.text)["headers"].get("x-greenramp-user")

    return ask


@pytest.mark.parametrize("length", [*range(1, 18), 253, 254, 255, 300, 8000])
def test_a_users_name_is_the_siphash_of_his_key(told, length):
    key = "".join(chr(random.Random(length).choice([*range(0x21, 0x7F), *range(0xA0, 0x100)])) for _ in range(length))
    assert told(x_user_id=key) == siphash(b"h:" + key.encode("latin-1"))


def test_environments_and_the_log_are_told_the_same_name_and_never_the_key(site, told):
    name = told({"user_cookie": "rid"}, cookie="rid=carol-the-customer")
    assert name == told(cookie="rid=carol-the-customer")
    assert [row["user"] for row in site.rows(2)][-2:] == [name, name]
    told(x_user_id="dave-the-customer")
    site.rows(3)
    assert "the-customer" not in site.home.request_log.read_text()


HEADER, COOKIE, ADDRESS = siphash(b"h:alice"), siphash(b"c:bob"), siphash(b"a:127.0.0.1")
EVERYTHING = {"user_header": "x-customer", "user_cookie": "rid", "user_address": True}


@pytest.mark.parametrize(
    ("handling", "headers", "name"),
    [
        pytest.param({}, {"x_customer": "alice", "cookie": "rid=bob"}, HEADER, id="the header comes first"),
        pytest.param({}, {"x_customer": "", "cookie": "rid=bob"}, COOKIE, id="an empty header is none"),
        pytest.param({}, {"cookie": "rid=bob"}, COOKIE, id="then the cookie"),
        pytest.param({}, {"cookie": "rid="}, ADDRESS, id="an empty cookie is none"),
        pytest.param({}, {}, ADDRESS, id="then the address"),
        pytest.param({}, {"x_user_id": "alice"}, ADDRESS, id="another header says nothing"),
        pytest.param({"user_header": ""}, {"x_customer": "alice", "cookie": "rid=bob"}, COOKIE, id="no header wanted"),
        pytest.param({"user_cookie": ""}, {"cookie": "rid=bob"}, ADDRESS, id="no cookie wanted"),
        pytest.param({"user_address": False}, {}, None, id="no address wanted"),
        pytest.param({}, {"cookie": "rid=alice"}, siphash(b"c:alice"), id="a cookie is not a header of its value"),
    ],
)
def test_the_key_is_the_first_of_header_cookie_and_address_that_is_wanted_and_there(told, handling, headers, name):
    assert told({**EVERYTHING, **handling}, **headers) == name


@pytest.mark.parametrize(
    "cookies",
    [
        "a=1; rid=bob; b=2",
        "a=1;rid=bob",
        "a=1 ;\t rid = bob ; b=2",
        'rid="bob"',
        "xrid=no; ridx=no; rid=bob",
        "rid; rid=; rid=bob; rid=no",
        "a=rid=no; rid=bob",
        ";;=;= ;rid=bob;",
        "RID=no; rid=bob",
    ],
)
def test_a_cookie_is_found_among_others_by_its_whole_name(told, cookies):
    assert told({"user_cookie": "rid"}, cookie=cookies) == COOKIE


@pytest.mark.parametrize("cookies", ["rid", "rid=", 'rid=""', "rid= \t ", "xrid=bob", "ridx=bob", "a=rid=bob", ""])
def test_where_the_cookie_is_not_there_there_is_no_user(told, cookies):
    assert told({"user_cookie": "rid"}, cookie=cookies) is None


def test_a_cookie_may_come_in_a_header_of_its_own(site, told):
    told({"user_cookie": "rid"})
    site.say(b"GET /fraud/ HTTP/1.1\r\nhost: x\r\ncookie: a=1\r\ncookie: rid=bob\r\n\r\n")
    assert site.rows(2)[-1]["user"] == COOKIE


@pytest.mark.parametrize("where", ["header", "cookie"])
def test_a_user_of_a_shared_service_stays_on_his_side(site, green, where):
    site.handle("fraud", user_header="x-customer", user_cookie="rid")
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    sides = []
    with site.connected() as ask:
        for user in range(30):
            headers = {"x_customer": f"u{user}"} if where == "header" else {"cookie": f"rid=u{user}"}
            sides.append({ask("/fraud/", **headers).name for _ in range(4)})
    assert sorted(map(len, sides)) == [1] * 30
    assert set().union(*sides) == {"blue", "green"}


def test_those_who_send_an_empty_key_do_not_all_go_to_one_side(site, green):
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    with site.connected() as ask:
        assert {ask("/fraud/", user="").name for _ in range(60)} == {"blue", "green"}


def test_nothing_that_is_sent_makes_the_script_fail(site, green):
    site.handle("fraud", **EVERYTHING)
    site.claim("fraud")
    site.router.change("fraud", lambda r: shift(r, "r1", time.time(), 50.0, "canary"))
    chance = random.Random(7)
    odd = [bytes(chance.choices([*range(1, 10), *range(11, 13), *range(14, 256)], k=60)) for _ in range(150)]
    odd += [bytes(chance.choices(range(0x20, 0x7F), k=60)) for _ in range(50)]
    odd += [
        b"rid=" + b"x" * 8192,
        b"r" * 8192,
        b" " * 8192 + b"x",
        b";" * 8192,
        b"rid=" + b" " * 8192 + b"x",
        b'rid="',
        b"%",
    ]
    heads = [b"%s: %s\r\n" % (name, value) for name in (b"cookie", b"x-customer") for value in odd]
    for head in heads + [b"cookie\r\n", b"host:\r\n", b"cookie: a\r\n" * 90]:
        for host in (b"host: x\r\n", b""):
            site.say(b"GET /fraud/ HTTP/1.1\r\n" + host + head + b"\r\n")
    assert site.counted("http.ingress.lua.errors") == 0
    assert site.counted("http.ingress.lua.executions") > len(odd)


@pytest.mark.parametrize("text", [" ", "a", "a ", ";", "=", "rid ", "rid=; ", "\t"])
def test_a_long_cookie_is_read_in_no_time(site, told, text):
    """A pattern that goes back over its text again and again would hold everybody up for seconds."""
    long = text * (28_000 // len(text))
    told(EVERYTHING, cookie=f"rid{long}=;rid=x{long}x")
    assert int(site.rows(1)[-1]["us"]) < 1_000_000


def test_live_and_candidate_are_told_the_same_name(site, green):
    site.claim("fraud")
    names = set()
    for percent in (0.0, 100.0):
        site.router.change("fraud", lambda r, p=percent: shift(r, "r1", time.time(), p, "canary"))
        names.add(json.loads(site.ask("/fraud/", "alice").text)["headers"]["x-greenramp-user"])
    assert names == {HEADER}
    assert site.router.read("fraud").live is Side.BLUE
