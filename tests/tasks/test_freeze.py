"""No release starts or goes on in a freeze window, unless somebody said why."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.journal import Journal
from greenramp.clients.outbox import Outbox
from greenramp.config import Service
from greenramp.errors import ConfigError, Refused
from greenramp.lifecycle.plan import Exposure
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side
from tasks.approval import hold
from tasks.freeze import Freezes, journal_override, require_not_frozen

GATE = {"name": "errors", "metric": "errors", "margin": 0.2}


def window(hours, reason="Christmas trade"):
    now = datetime.now(UTC).replace(microsecond=0)
    return {"from": now - timedelta(hours=1), "until": now + timedelta(hours=hours), "reason": reason}


def plan(*windows):
    return Service.model_validate({"model": "fraud", "gates": [GATE], "freeze": windows})


@pytest.fixture(autouse=True)
def quiet(recorded_events):
    with disable_run_logger():
        yield


@pytest.fixture
def site_file(site):
    """Write the site's file, which holds no window at first."""
    file = site.configs / "sites" / f"{site.name}.yaml"

    def write(*windows):
        lines = [
            f"- {{from: {w['from'].isoformat()}, until: {w['until'].isoformat()}, reason: {w['reason']}}}"
            for w in windows
        ]
        file.write_text("kind: local\n" + ("freeze:\n" + "\n".join(lines) if lines else ""))
        return file

    write()
    return write


@pytest.fixture
def looks(site, site_file, monkeypatch):
    """Make what a running release asks; every look reads the files."""
    monkeypatch.setattr("tasks.freeze._READ_SECONDS", 0.0)
    return lambda plan: Freezes(site, "fraud", plan, "fraud-8-aaaa")


def test_without_a_window_a_release_starts(site, site_file):
    require_not_frozen(site, "fraud", plan(), "8", "")


def test_a_start_in_a_window_is_refused_with_its_end_the_reason_and_the_way_round(site, site_file):
    with pytest.raises(Refused, match=r"fraud is frozen until .* by fraud: Christmas trade; override with: ") as error:
        require_not_frozen(site, "fraud", plan(window(2)), "@challenger", "")
    assert 'greenramp release fraud @challenger --override-freeze "why' in str(error.value)


def test_the_sites_windows_hold_for_all_its_services(site, site_file):
    site_file(window(2, "we move house"))
    with pytest.raises(Refused, match="by the site local: we move house"):
        require_not_frozen(site, "fraud", plan(), "8", "")


def test_blanks_are_no_reason_to_override(site, site_file):
    with pytest.raises(Refused):
        require_not_frozen(site, "fraud", plan(window(2)), "8", "  ")


def test_whoever_says_why_may_start_and_it_is_written_down_with_the_window(site, site_file, looks):
    frozen = plan(window(2))
    require_not_frozen(site, "fraud", frozen, "8", "the champion leaks data")
    journal_override(site, "fraud", frozen, "fraud-8-aaaa", "the champion leaks data")
    (line,) = Journal(site.home, "fraud-8-aaaa").read()
    assert (line["event"], line["why"]) == ("freeze overridden", "the champion leaks data")
    assert "by fraud: Christmas trade" in line["window"]
    assert looks(frozen).look() == "", "it counts to the end of this release"


def test_a_release_of_somebody_else_is_still_held(site, site_file, looks):
    journal_override(site, "fraud", plan(), "fraud-7-bbbb", "urgent")
    assert looks(plan(window(2))).look()


def test_a_running_release_is_held_and_let_go_and_both_are_journaled(site, site_file, looks):
    running = looks(plan())
    assert running.look() == ""
    site_file(window(2, "incident"))
    assert "by the site local: incident" in running.look()
    running.look()
    site_file()
    assert running.look() == ""
    waits = [line["waits"] for line in Journal(site.home, "fraud-8-aaaa").read()]
    assert [bool(one) for one in waits] == [True, False]


def test_people_are_told_once_that_a_release_is_held(site, site_file, looks, monkeypatch, receiver, eventually):
    monkeypatch.setenv("GREENRAMP_NOTIFY", f"json://{receiver.address}")
    frozen = plan(window(2))
    for _ in range(3):  # a repeated task looks anew
        looks(frozen).look()
    eventually(lambda: receiver.got and not Outbox(site.home).names(), "the news")
    assert receiver.titles == ["fraud: waits"]
    assert "stands still, frozen until" in receiver.got[0][0]["message"]


def test_a_file_that_breaks_leaves_the_windows_read_last(site, site_file, looks):
    running = looks(plan())
    file = site_file(window(2, "incident"))
    assert running.look()
    file.write_text("freeze: [")
    assert "incident" in running.look()


def test_with_a_file_that_was_never_readable_it_stands_still(site, site_file, looks):
    site_file().write_text("freeze: [")
    assert "its calendar can't be read" in looks(plan()).look()
    with pytest.raises(ConfigError):
        require_not_frozen(site, "fraud", plan(), "8", "")


def test_asking_without_telling_writes_nothing(site, site_file, looks):
    assert looks(plan(window(2))).now()
    assert not Journal(site.home, "fraud-8-aaaa").path.exists()


def test_before_anybody_meets_the_candidate_a_release_waits_for_the_end_of_the_freeze(site, site_file, monkeypatch):
    monkeypatch.setattr("tasks.freeze._READ_SECONDS", 0.0)
    route = Route("fraud", Side.BLUE, owner="fraud-8-aaaa", until=time.time() + 3600)
    write_json(site.home.xds / "rds.json", route_file([route], 1))
    ends = datetime.now(UTC) + timedelta(seconds=2)
    site_file({**window(2), "until": ends})
    hold.fn(site, "fraud", plan(), "fraud-8-aaaa", Exposure(Side.GREEN), "5 %")
    assert datetime.now(UTC) >= ends
