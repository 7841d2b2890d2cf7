"""People and automations are told; the release neither waits for that nor fails of it."""

import json
import time

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.journal import Journal
from greenramp.clients.outbox import Outbox
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.lifecycle.plan import Candidate
from greenramp.news import Kind
from tasks.notify import announce, see_told, tell_what_is_left

CANDIDATE = Candidate("fraud-model", "8", "d1", "/nowhere", "run")
RECORD = ReleaseRecord("http://mlflow", "r1", "7")


@pytest.fixture(autouse=True)
def quiet(site):
    with disable_run_logger():
        yield
    see_told(site, 20)


@pytest.fixture
def configured(site, monkeypatch, receiver):
    """Write the site's notifications, with one target in the environment."""
    monkeypatch.setenv("GREENRAMP_NOTIFY", f"json://user:s3cr3t@{receiver.address}/T0KEN")

    def write(**notifications):
        file = site.configs / "sites" / f"{site.name}.yaml"
        file.write_text(json.dumps({"kind": "local", "notifications": notifications}))

    write()
    return write


def tell(site, kind=Kind.PROMOTED, **more):
    announce(site, kind, "fraud", "fraud-8-aaaa", "all gates passed", candidate=CANDIDATE, record=RECORD, **more)


def test_people_hear_what_happened_with_numbers_and_links(site, configured, receiver, recorded_events):
    journal = Journal(site.home, "fraud-8-aaaa")
    journal.add("claimed", live="blue", version="7")
    verdict = {"gate": "errors", "outcome": "fail", "sentence": "31 of 400 requests failed", "numbers": {}}
    journal.add("verdicts", where="25 %", seconds=9.0, verdicts=[verdict])
    tell(site, Kind.ROLLED_BACK)
    see_told(site, 20)
    ((message, _),) = receiver.got
    assert message["title"] == "fraud version 8: rolled back"
    lines = message["message"].splitlines()
    assert lines[0] == "all gates passed"
    assert "which gate: errors, at 25 %" in lines
    assert "with which numbers: 31 of 400 requests failed" in lines
    assert f"record: {RECORD.page}" in lines


def test_a_repeated_task_tells_people_and_automations_once(site, configured, receiver, recorded_events):
    for _ in range(3):
        tell(site)
    see_told(site, 20)
    tell(site)
    see_told(site, 20)
    assert len(receiver.got) == 1
    assert len(recorded_events()) == 1


def test_an_event_names_the_release_the_service_and_the_version(site, configured, recorded_events):
    tell(site)
    event = recorded_events()[0]
    assert event.event == "greenramp.release.promoted"
    assert event.resource.id == "greenramp.release.fraud-8-aaaa"
    assert event.resource["greenramp.service"] == "fraud"
    roles = {related.role: related.id for related in event.related}
    assert roles["service"] == "greenramp.service.fraud"
    assert roles["model-version"] == "mlflow.model-version.fraud-model.8"
    assert event.payload["sentence"] == "all gates passed"


def test_only_what_the_site_wants_is_told_but_every_event_is_emitted(site, configured, receiver, recorded_events):
    configured(on=["rolled-back"])
    tell(site, Kind.STARTED)
    tell(site, Kind.ROLLED_BACK)
    see_told(site, 20)
    assert receiver.titles == ["fraud version 8: rolled back"]
    assert len(recorded_events()) == 2


def test_a_target_that_is_away_neither_raises_nor_delays(site, configured, receiver, recorded_events, monkeypatch):
    monkeypatch.setenv("GREENRAMP_NOTIFY", f"json://user:s3cr3t@{receiver.address}/hangs?cto=20&rto=20")
    began = time.monotonic()
    for about in range(5):
        tell(site, Kind.WAITING, about=str(about))
    assert time.monotonic() - began < 10
    assert len(Outbox(site.home).names()) == 5
    receiver.hold.set()
    see_told(site, 20)
    assert len(receiver.got) == 5


def test_neither_a_full_disk_nor_a_broken_file_raises(site, configured, receiver, recorded_events):
    site.home.journals.mkdir(parents=True)
    site.home.outbox.write_text("a file where a folder belongs")
    tell(site)
    site.home.outbox.unlink()
    (site.configs / "sites" / f"{site.name}.yaml").write_text("[")
    tell(site)
    see_told(site, 20)
    assert len(receiver.got) == 1


def test_what_a_killed_run_left_is_told_by_the_next_one(site, configured, receiver, recorded_events, monkeypatch):
    receiver.status = 503
    tell(site)
    see_told(site, 20)
    assert receiver.got == []
    (name,) = Outbox(site.home).names()
    for mark in site.home.outbox.glob(f"{name}.*.mark"):
        mark.write_text(json.dumps({**json.loads(mark.read_text()), "tried": time.time() - 60}))
    receiver.status = 200
    tell_what_is_left(site)
    see_told(site, 20)
    assert receiver.titles == ["fraud version 8: promoted"]


def test_nothing_of_an_address_is_on_disk(site, configured, receiver, recorded_events):
    receiver.status = 503
    tell(site)
    see_told(site, 20)
    files = [path for path in site.home.root.rglob("*") if path.is_file()]
    assert any(path.suffix == ".mark" for path in files)
    for path in files:
        assert not any(secret in path.read_text(errors="replace") for secret in ("s3cr3t", "T0KEN", receiver.address))
