"""Whether Envoy and the guard are able to end a shared split, in each state in which one of them is not."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.errors import ConfigError, Refused
from greenramp.site import enforcement as module
from greenramp.site.admission import admit
from greenramp.site.enforcement import enforcement, require_enforcement
from greenramp.site.heartbeat import beat, beat_age
from greenramp.site.settings import SiteSettings
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import take_back
from greenramp.traffic.split import Side

LOUD = "NOBODY ENDS A SHARED SPLIT"


@pytest.fixture
def guarded(site, blue):
    """Give a site whose guard has just looked."""
    beat(site.home)
    return site


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.2)


def grow_old(home):
    """As if the guard had stood still for ten seconds."""
    old = time.monotonic_ns() - 10 * 10**9
    os.utime(home.runtime / "guard.beat", ns=(old, old))


def change_routes(site, change):
    """Write a route file of one's own, as its next version."""
    path = site.home.xds / "rds.json"
    file = read_json(path)
    file["version_info"] = str(int(file["version_info"]) + 1)
    change(file["resources"][0]["virtual_hosts"][0]["routes"][0])
    write_json(path, file)
    return file["version_info"]


def lead_nowhere(site):
    refused = site.admin.accepted_routes().rejected
    change_routes(site, lambda entry: entry["route"].update(cluster="nowhere"))
    site.eventually(lambda: site.admin.accepted_routes().rejected > refused, "Envoy has refused it")


def settings(site, configs):
    return SiteSettings(site.home, "local", configs, configs, site.port, 1, 1, 1, 1)


def test_with_both_at_work_there_is_nothing_to_tell(guarded):
    assert enforcement(guarded.home).troubles == ()
    assert require_enforcement(guarded.home) == ""


def test_a_dead_envoy_is_told_and_how_to_start_it_and_refuses_a_release(guarded):
    guarded.kill()
    (told,) = enforcement(guarded.home).troubles
    assert "Envoy can't end a shared split: nothing answers at" in told
    assert "greenramp up" in told
    with pytest.raises(Refused, match="Envoy can't end"):
        require_enforcement(guarded.home)


def test_an_envoy_that_refused_the_file_on_disk_is_told_until_the_guard_has_mended_it(guarded):
    lead_nowhere(guarded)
    (told,) = enforcement(guarded.home).troubles
    assert "Envoy can't end a shared split: it does not run with the route file" in told
    with pytest.raises(Refused):
        require_enforcement(guarded.home)
    guarded.router.mend()
    assert enforcement(guarded.home).troubles == ()


def test_a_file_that_is_just_being_taken_is_no_trouble(guarded):
    def write_often():
        for _ in range(40):
            version = change_routes(guarded, lambda _: None)
            guarded.eventually(lambda v=version: guarded.admin.accepted_routes().version == v, "Envoy has taken it")
            time.sleep(0.02)

    writer, looks = threading.Thread(target=write_often), []
    writer.start()
    while writer.is_alive():
        looks.append(enforcement(guarded.home).envoy)
    writer.join()
    assert len(looks) > 20
    assert {str(look) for look in looks} == {"able"}


def test_a_filter_that_fails_lets_requests_through_and_is_told_until_envoy_is_started_anew(with_edge, new_server):
    site = with_edge(Edge())
    beat(site.home)
    site.add("fraud", Side.BLUE, new_server("blue"))
    site.serve("fraud", Side.BLUE)

    def spoil(entry):
        entry["metadata"]["filter_metadata"]["envoy.filters.http.lua"]["until"] = "soon"

    version = change_routes(site, spoil)
    site.eventually(lambda: site.admin.accepted_routes().version == version, "Envoy runs with it")
    assert enforcement(site.home).troubles == ()
    assert site.ask("/fraud/").name == "blue"
    (told,) = enforcement(site.home).troubles
    assert "its filter failed on 1 requests" in told
    assert "greenramp restart-router" in told
    with pytest.raises(Refused):
        require_enforcement(site.home)
    site.kill()
    site.start()
    assert enforcement(site.home).troubles == ()


@pytest.mark.parametrize("state", ["never looked", "stands still", "looked before a reboot"])
def test_a_missing_guard_is_told_and_only_warned_of(guarded, state):
    path = guarded.home.runtime / "guard.beat"
    if state == "never looked":
        path.unlink()
    elif state == "stands still":
        grow_old(guarded.home)
    else:
        later = time.monotonic_ns() + 10**12
        os.utime(path, ns=(later, later))
    (told,) = enforcement(guarded.home).troubles
    assert told.startswith("the guard can't end a shared split: ")
    assert ("its last look was 10 s ago" in told) == (state == "stands still")
    assert require_enforcement(guarded.home) == told


def test_with_neither_it_is_said_loudly_and_a_release_is_refused(guarded):
    guarded.kill()
    grow_old(guarded.home)
    loud, *each = enforcement(guarded.home).troubles
    assert loud.startswith(LOUD)
    assert [one.split(" can't")[0] for one in each] == ["Envoy", "the guard"]
    with pytest.raises(Refused, match=LOUD):
        require_enforcement(guarded.home)


def test_a_beat_is_not_measured_by_the_date_which_may_jump(guarded):
    assert 0 <= beat_age(guarded.home) < 5
    assert abs((guarded.home.runtime / "guard.beat").stat().st_mtime - time.monotonic()) < 5


# a release's beginning


@pytest.fixture
def configs(tmp_path):
    (tmp_path / "services").mkdir()
    for name in ("fraud", "digits"):
        text = {"model": name, "gates": [{"name": "errors", "metric": "errors", "margin": 0.5}]}
        (tmp_path / "services" / f"{name}.yaml").write_text(json.dumps(text))
    return tmp_path


def test_a_release_is_let_in_where_all_is_well_and_refused_before_anything_is_touched(guarded, configs):
    site = settings(guarded, configs)
    assert admit(site, "fraud", "r1") == ""
    grow_old(guarded.home)
    guarded.kill()
    before = (guarded.home.xds / "rds.json").read_bytes()
    with pytest.raises(Refused, match=LOUD):
        admit(site, "fraud", "r1")
    assert (guarded.home.xds / "rds.json").read_bytes() == before


def test_a_rollback_is_never_refused_whoever_is_missing_and_whatever_the_files_say(guarded, configs):
    site = settings(guarded, configs)
    guarded.router.change("fraud", lambda r: take_back(r, "rollback-1", time.time(), 60))
    for file in (configs / "services").glob("*.yaml"):
        file.write_text(file.read_text()[:-1] + ', "traffic": {"hosts": ["same.example"]}}')
    with pytest.raises(ConfigError, match=r"traffic\.hosts: a name that nobody else"):
        admit(site, "fraud", "r1")
    grow_old(guarded.home)
    guarded.kill()
    assert admit(site, "fraud", "rollback-1") == ""


# the guard itself


def test_the_guard_beats_while_its_looks_go_well_and_stops_when_it_can_do_nothing(with_edge):
    site = with_edge(Edge())
    path = site.home.runtime / "guard.beat"
    around = {**os.environ, "GREENRAMP_HOME": str(site.home.root)}
    command = [sys.executable, "-m", "greenramp.site.guard"]
    with subprocess.Popen(command, env=around, stdout=subprocess.PIPE, text=True) as guard:
        try:
            assert "watching" in guard.stdout.readline()
            site.eventually(lambda: beat_age(site.home) is not None, "the guard has looked")
            first = path.stat().st_mtime_ns
            site.eventually(lambda: path.stat().st_mtime_ns > first, "it looks again")
            site.kill()
            for kept in (site.home.xds.parent / "good").glob("*.json"):
                kept.unlink()
            (site.home.xds / "rds.json").write_text("{")
            assert "is damaged" in guard.stdout.readline()
            stopped = path.stat().st_mtime_ns
            site.eventually(lambda: beat_age(site.home) > 2, "four more looks have failed")
            assert path.stat().st_mtime_ns == stopped
        finally:
            guard.terminate()
