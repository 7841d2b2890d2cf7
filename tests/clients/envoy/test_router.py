"""Changes of the router's files: one writer at a time, seen by Envoy, or taken back."""

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from greenramp.clients.envoy.clusters import Upstream
from greenramp.clients.envoy.router import Router
from greenramp.errors import Fenced, NotConfirmed, Unreachable
from greenramp.traffic.route import Route, leave, renew, shift
from greenramp.traffic.split import Side

USERS = [f"user-{n}" for n in range(100)]

INCREMENTER = """
import sys
from dataclasses import replace
from pathlib import Path
from greenramp.clients.envoy.router import Router
from greenramp.home import Home

router = Router(Home(Path(sys.argv[1])))
for _ in range(int(sys.argv[3])):
    router.change(sys.argv[2], lambda r: replace(r, step=str(int(r.step or 0) + 1)))
"""


def share(site, percent, owner="r1"):
    return site.router.change("fraud", lambda r: shift(r, owner, time.time(), percent, f"canary {percent:g} %"))


def files(site):
    return [(site.home.xds / name).read_text() for name in ("rds.json", "cds.json")]


# reading


def test_a_service_nobody_knows_has_an_empty_record(site):
    assert site.router.read("fraud") == Route("fraud")
    assert site.router.read_all() == {}
    assert site.router.upstreams() == ()
    assert site.router.upstream("fraud", Side.BLUE) is None


def test_with_no_files_at_all_everything_is_empty(home):
    assert Router(home).read("fraud") == Route("fraud")
    assert Router(home).upstreams() == ()


def test_what_was_changed_is_read_by_anybody(site, green):
    site.claim("fraud")
    changed = share(site, 12.5)
    assert Router(site.home).read("fraud") == changed
    assert (changed.owner, changed.percent, changed.step) == ("r1", 12.5, "canary 12.5 %")


def test_upstreams_are_read_as_they_were_given(site, green, blue):
    assert site.router.upstream("fraud", Side.GREEN) == Upstream("fraud", Side.GREEN, (green.server_address,), "8")
    assert [u.version for u in site.router.upstreams()] == ["7", "8"]


# generations


def test_each_change_counts(site, blue):
    before = site.router.read("fraud").generation
    site.claim("fraud")
    assert site.router.read("fraud").generation == before + 1
    left = site.router.change("fraud", lambda r: leave(r, "r1"))
    assert left.generation == before + 2


def test_a_prolonged_lease_does_not_count(site, blue):
    site.claim("fraud")
    before = site.router.read("fraud")
    renewed = site.router.change("fraud", lambda r: renew(r, "r1", time.time() + 5, 60))
    assert renewed.until > before.until
    assert renewed == replace(before, until=renewed.until) == site.router.read("fraud")


def test_the_same_change_ordered_twice_writes_once(site, green):
    site.claim("fraud")
    first = share(site, 5.0)
    written = files(site)
    assert share(site, 5.0) == first
    assert files(site) == written


def test_a_service_does_not_count_for_another(site, blue):
    before = site.router.read("fraud")
    site.claim("digits")
    assert site.router.read("fraud") == before


# refusals


def test_what_the_change_raises_is_passed_on_and_nothing_is_written(site, green):
    site.claim("fraud")
    written = files(site)
    with pytest.raises(Fenced, match="fraud belongs to r1"):
        share(site, 5.0, owner="r2")
    assert files(site) == written


def test_a_file_that_envoy_rejects_is_named_and_the_one_before_serves_on(site, blue):
    site.claim("fraud")
    written = files(site)
    with pytest.raises(
        NotConfirmed, match=r"Envoy refuses version \d+ of .*rds\.json: rejected: route: unknown weighted cluster"
    ):
        share(site, 50.0)  # green has no cluster
    assert files(site) == written
    assert site.router.read("fraud").percent == 0.0
    assert set(site.who_answers("fraud", USERS[:20]).values()) == {"blue"}


def test_after_a_rejection_good_changes_are_taken_again(site, blue, new_server):
    site.claim("fraud")
    for _ in range(2):
        with pytest.raises(NotConfirmed):
            share(site, 50.0)
    site.add("fraud", Side.GREEN, new_server("green"))
    share(site, 50.0)
    assert set(site.who_answers("fraud", USERS[:40]).values()) == {"blue", "green"}


def test_a_rejected_file_is_not_what_envoy_comes_back_with(site, blue):
    site.claim("fraud")
    with pytest.raises(NotConfirmed):
        share(site, 50.0)
    site.kill()
    site.start()
    assert site.ask("/fraud/").name == "blue"


# environments


def test_an_environment_made_known_twice_is_written_once(site, blue):
    written = files(site)
    site.router.ensure_upstream(Upstream("fraud", Side.BLUE, (blue.server_address,), "7"))
    assert files(site) == written


def test_an_environment_that_moves_is_followed(site, blue, new_server):
    site.add("fraud", Side.BLUE, new_server("moved"), version="9")
    site.eventually(lambda: site.ask("/fraud/").name == "moved", "the new address answers")
    assert site.router.upstream("fraud", Side.BLUE).version == "9"


def test_forgetting_an_environment_twice_is_once(site, green):
    for _ in range(2):
        site.router.remove_upstream("fraud", Side.GREEN)
        assert site.router.upstream("fraud", Side.GREEN) is None
    assert site.admin.healthy_members("fraud.green-candidate") == 0
    assert site.ask("/fraud/").name == "blue"


def test_a_service_that_serves_is_not_forgotten_and_one_that_serves_nothing_is(site, blue):
    with pytest.raises(NotConfirmed, match="is not forgotten"):
        site.router.forget("fraud")
    assert site.ask("/fraud/").name == "blue"
    site.router.change("fraud", lambda route: replace(route, live=None))
    for _ in range(2):
        site.router.forget("fraud")
        assert "fraud" not in site.router.read_all()


# several writers


def test_processes_that_change_at_the_same_time_lose_nothing(site):
    each = 12
    command = [sys.executable, "-c", INCREMENTER, str(site.home.root)]
    writers = [subprocess.Popen([*command, service, str(each)]) for service in ("fraud", "fraud", "digits")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    read = site.router.read_all()
    assert {name: (r.step, r.generation) for name, r in read.items()} == {
        "fraud": (str(2 * each), 2 * each),
        "digits": (str(each), each),
    }


# Envoy away, and back


def test_a_restarted_envoy_comes_back_with_the_same_split(site, green):
    site.claim("fraud")
    share(site, 50.0)
    before = site.who_answers("fraud", USERS)
    assert set(before.values()) == {"blue", "green"}
    site.kill()
    site.start()
    site.eventually(lambda: site.admin.healthy_members("fraud.green-candidate") == 1, "the candidate is healthy again")
    assert site.who_answers("fraud", USERS) == before


def test_a_change_while_envoy_is_away_stands_on_disk_and_is_what_it_comes_back_with(site, green):
    site.claim("fraud")
    share(site, 100.0)
    site.kill()
    with pytest.raises(Unreachable, match=str(site.home.admin_socket)):
        site.router.change("fraud", lambda r: leave(r, "r1"))
    assert site.router.read("fraud").percent == 0.0
    site.start()
    assert set(site.who_answers("fraud", USERS[:20]).values()) == {"blue"}


def test_an_ended_split_is_not_shared_by_an_envoy_that_comes_back(site, green):
    site.claim("fraud", lease_seconds=0.5)
    share(site, 100.0)
    site.kill()
    site.eventually(lambda: time.time() > site.router.read("fraud").until, "the lease has ended")
    site.start()
    assert set(site.who_answers("fraud", USERS[:20]).values()) == {"blue"}


def test_files_that_are_there_stay_as_they_are_at_the_next_start(site, green):
    site.claim("fraud")
    share(site, 50.0)
    written = files(site)
    site.router.ensure_files()
    assert files(site) == written
