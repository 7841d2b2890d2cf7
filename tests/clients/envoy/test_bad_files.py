"""Damaged files and a full disk: traffic stays, the error says what to do, and a start puts the files right."""

import json
import subprocess
import sys
import time

import pytest

from greenramp.clients.atomicfile import write_text
from greenramp.clients.envoy.clusters import Upstream
from greenramp.clients.envoy.router import Router
from greenramp.errors import ConfigError, NotConfirmed
from greenramp.traffic.route import Route, shift
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(100)]

OTHER_ROUTES = {"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", "name": "other"}


def to(content):
    return lambda _: content


DAMAGES = [
    pytest.param(to("not JSON at all"), id="text"),
    pytest.param(lambda text: "\x00" * len(text), id="zeros, as after a power cut"),
    pytest.param(lambda text: text[: len(text) // 2], id="truncated"),
    pytest.param(to(""), id="empty"),
    pytest.param(to('{"version_info": "1", "resources": []}'), id="no resources"),
    pytest.param(to("null"), id="null"),
    pytest.param(to("[]"), id="a list"),
    pytest.param(to("{}"), id="an empty object"),
    pytest.param(to(json.dumps({"version_info": "1", "resources": [OTHER_ROUTES]})), id="other routes"),
    pytest.param(lambda text: text.replace('"generation"', '"generations"'), id="another record"),
]

WRITER_WITHOUT_ROOM = """
import resource, sys, time
from pathlib import Path
from greenramp.clients.envoy.router import Router
from greenramp.errors import GreenrampError
from greenramp.home import Home
from greenramp.traffic.route import shift

router = Router(Home(Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    router.change("fraud", lambda r: shift(r, "r1", time.time(), 100.0, "canary 100 %"))
except GreenrampError as error:
    print(type(error).__name__, error)
"""


def share(site, percent):
    return site.router.change("fraud", lambda r: shift(r, "r1", time.time(), percent, f"canary {percent:g} %"))


def files(site):
    return [(site.home.xds / name).read_text() for name in ("rds.json", "cds.json")]


def kept(site, name):
    return site.home.xds.parent / "good" / name


@pytest.fixture
def shared(site, green):
    """Share a service half and half; give who answers whom, and leave whole files behind."""
    site.claim("fraud")
    share(site, 50.0)
    before = dict(zip(("rds.json", "cds.json"), files(site), strict=True))
    answers = site.who_answers("fraud", USERS)
    assert set(answers.values()) == {"blue", "green"}
    yield answers
    for name, text in before.items():
        write_text(site.home.xds / name, text)


def damage(site, name, how):
    path = site.home.xds / name
    write_text(path, how(path.read_text()))
    return path


def follow(error):
    """Do what the message says."""
    _, _, command = str(error.value).rpartition("with: ")
    subprocess.run(command.split(), check=True)


# while Envoy runs


@pytest.mark.parametrize("how", DAMAGES)
def test_with_damaged_routes_the_split_stands_and_every_order_names_the_file(site, shared, how):
    before, seen = site.router.read("fraud"), site.admin.accepted_routes()
    path = damage(site, "rds.json", how)
    if '"generations"' not in path.read_text():  # that is ours alone to read; to Envoy it is a good file
        site.eventually(lambda: site.admin.accepted_routes() != seen, "Envoy has looked at the file")
    assert site.who_answers("fraud", USERS) == shared
    for order in (lambda: site.router.read("fraud"), site.router.read_all, lambda: share(site, 5.0)):
        with pytest.raises(ConfigError, match=r"rds\.json is damaged .*put the last good copy back with: mv ") as error:
            order()
    follow(error)
    assert site.router.read("fraud") == before
    share(site, 100.0)
    assert set(site.who_answers("fraud", USERS).values()) == {"green"}


def test_with_damaged_clusters_the_split_stands_and_every_order_names_the_file(site, shared, blue):
    seen = site.admin.accepted_clusters()
    damage(site, "cds.json", lambda text: text[: len(text) // 2])
    site.eventually(lambda: site.admin.accepted_clusters() != seen, "Envoy has looked at the file")
    assert site.who_answers("fraud", USERS) == shared
    upstream = Upstream("fraud", Side.BLUE, (blue.server_address,), "7")
    for order in (site.router.upstreams, lambda: site.router.ensure_upstream(upstream)):
        with pytest.raises(ConfigError, match=r"cds\.json is damaged .*put the last good copy back with: mv ") as error:
            order()
    follow(error)
    assert upstream in site.router.upstreams()


def test_after_an_older_copy_was_put_back_a_refusal_is_still_seen(site, shared):
    older = kept(site, "rds.json").read_text()
    share(site, 100.0)
    (site.home.xds / "rds.json").write_text(older)  # in place: Envoy does not look
    with pytest.raises(NotConfirmed, match="Envoy refuses"):
        site.router.change("digits", lambda _: Route("digits", live=Side.BLUE))  # has no cluster


# at the next start


@pytest.mark.parametrize("name", ["rds.json", "cds.json"])
@pytest.mark.parametrize("how", [*DAMAGES[:4], pytest.param(None, id="gone")])
def test_a_start_puts_the_last_good_copy_in_place_of_a_damaged_file(site, shared, name, how):
    written = files(site)
    site.kill()
    if how:
        damage(site, name, how)
    else:
        (site.home.xds / name).unlink()
    site.router.ensure_files()
    assert files(site) == written
    site.start()
    site.eventually(lambda: site.admin.healthy_members("fraud.green-candidate") == 1, "the candidate is healthy again")
    assert site.who_answers("fraud", USERS) == shared


def test_without_a_good_copy_a_start_stops_rather_than_forget_all_services(home):
    Router(home).ensure_files()
    write_text(home.xds / "rds.json", "")
    with pytest.raises(ConfigError, match=r"rds\.json is damaged .*put a backup back"):
        Router(home).ensure_files()
    assert (home.xds / "rds.json").read_text() == ""


def test_a_damaged_copy_is_not_put_in_place(site, shared):
    for path in (kept(site, "rds.json"), site.home.xds / "rds.json"):
        write_text(path, "")
    with pytest.raises(ConfigError, match=r"good/rds\.json is damaged"):
        site.router.ensure_files()


def test_a_file_that_envoy_rejects_is_not_kept(site, blue):
    site.claim("fraud")
    before = kept(site, "rds.json").read_text()
    with pytest.raises(NotConfirmed, match="Envoy refuses"):
        share(site, 50.0)  # green has no cluster
    assert kept(site, "rds.json").read_text() == before == files(site)[0]


# no room on the disk


@pytest.mark.parametrize("room", [0, 512])
def test_with_no_room_on_the_disk_the_old_file_stands_and_nothing_is_left_beside_it(site, shared, room):
    written, beside = files(site), sorted(site.home.xds.iterdir())
    command = [sys.executable, "-c", WRITER_WITHOUT_ROOM, str(site.home.root), str(room)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.startswith(f"NotConfirmed {site.home.xds / 'rds.json'} can't be written: ")
    assert "File too large" in said
    assert "see that its disk has room" in said
    assert files(site) == written
    assert sorted(site.home.xds.iterdir()) == beside
    assert site.who_answers("fraud", USERS) == shared
    assert share(site, 100.0).percent == 100.0  # with room again
