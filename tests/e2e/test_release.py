"""Releases on a real site, under traffic: good versions come to be champion, bad ones leave everything as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def served(site):
    """A service whose first version serves; returns (service, that version)."""
    gates = [
        {"name": "errors", "metric": "errors", "margin": 0.5, "floor": 0.02, "min_requests": 40},
        {"name": "latency", "metric": "slow", "slower_than_ms": 200, "margin": 0.5, "floor": 0.05, "min_requests": 40},
        {"name": "accuracy", "metric": "wrong", "margin": 0.5, "floor": 0.05, "min_requests": 40},
    ]
    service = site.add_service("reader", gates=gates, ladder=[30, 100], promotion={"stages": True})
    first = site.register(service, "good", example=True)
    done = site.run("release", service, first)
    assert done.code == 0, done.text
    return service, first


def registry_of(site, service):
    client = MlflowClient(site.mlflow_url)
    versions = {str(v.version): v for v in client.search_model_versions(f"name='{service}'")}
    return client.get_registered_model(service).aliases, versions


def records_of(site, service):
    client = MlflowClient(site.mlflow_url)
    experiment = client.get_experiment_by_name(f"releases/{service}")
    return client, client.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"])


def test_a_good_version_comes_to_all_traffic_and_no_request_is_lost(site, users, served):
    service, first = served
    second = site.register(service, "better")
    client = MlflowClient(site.mlflow_url)
    client.set_registered_model_alias(service, "challenger", second)
    with users(service) as seen:
        done = site.run("release", service)
    assert done.code == 0, done.text
    assert "Promoted" in done.text
    assert seen.failures == []
    assert seen.by_version[first] > 0
    assert seen.by_version[second] > 0
    assert site.live_version(service) == second
    aliases, versions = registry_of(site, service)
    assert (aliases["champion"], aliases["previous"]) == (second, first)
    assert (versions[second].current_stage, versions[first].current_stage) == ("Production", "Archived")
    assert versions[second].tags["greenramp.status"] == "champion"
    assert len(site.router.upstreams()) == len({u.service for u in site.router.upstreams()}), "the old one is retired"

    client, (record, *_) = records_of(site, service)
    assert record.info.status == "FINISHED"
    assert record.data.tags["greenramp.phase"] == "live"
    assert {"release.png", "estimates.png", "report.html", "journal.jsonl", "config.json"} <= {
        f.path for f in client.list_artifacts(record.info.run_id)
    }
    assert "errors/candidate" in record.data.metrics
    shares = [metric.value for metric in client.get_metric_history(record.info.run_id, "candidate_percent")]
    assert shares == [0.0, 30.0, 100.0, 100.0]
    assert f"Greenramp: promoted by {service}-{second}-" in versions[second].description


@pytest.mark.parametrize(
    ("kind", "gate"), [("wrong", "accuracy"), ("failing", "errors"), ("slow", "latency")], ids=lambda v: v
)
def test_a_bad_version_passes_its_smoke_test_and_is_taken_back_by_a_gate(site, users, served, kind, gate, tmp_path):
    service, _ = served
    before = site.live_version(service)
    aliases_before, _ = registry_of(site, service)
    bad = site.register(service, kind)
    with users(service) as seen:
        run = site.ended(site.start(service, bad))
    assert (run.state, run.type) == ("RolledBack", "FAILED")
    assert run.message.startswith(f"{gate} is fail at ")
    assert seen.failures == []
    assert site.live_version(service) == before
    aliases, versions = registry_of(site, service)
    assert aliases == aliases_before
    assert versions[bad].current_stage == "None"
    assert versions[bad].tags["greenramp.status"] == "rolled-back"
    assert versions[bad].tags["greenramp.reason"] == run.message
    assert site.serving(service, bad) == []
    events = [line["event"] for line in site.journal(run)]
    assert events.index("traffic put back") < events.index("registry put back") < events.index("environment stopped")
    back = next(line["ts"] for line in site.journal(run) if line["event"] == "traffic put back")
    assert seen.last_answer[bad] < back + 5, "users of the bad version go on with the champion at once"
    client, (record, *_) = records_of(site, service)
    assert record.info.status == "FAILED"
    report = Path(client.download_artifacts(record.info.run_id, "report.html", tmp_path)).read_text()
    assert f"{gate}, at " in report
    told, *_ = json.loads(site.run("history", service, "--json").text)["releases"]
    assert (told["version"], told["outcome"], told["reason"]) == (bad, "rolled-back", run.message)
    assert told["exposed"] > 0
    assert 0 < told["back_seconds"] < 5


def test_an_idle_service_never_promotes(site, served):
    service = site.add_service("idle", step={"min_seconds": 1, "deadline_seconds": 3})
    first, second = site.register(service, "good"), site.register(service, "better")
    assert site.run("release", service, first).code == 0
    run = site.ended(site.start(service, second))
    assert run.state == "RolledBack"
    assert "silence is not a pass" in run.message
    assert site.live_version(service) == first


def test_what_serves_already_is_not_released_again(site, served):
    service, _ = served
    serving = site.live_version(service)
    done = site.run("release", service, serving)
    assert done.code == 0
    assert "AlreadyServing" in done.text


def test_a_runs_model_is_registered_once_and_released(site):
    service = site.add_service("from-run", environment={"replicas": 2})
    source = site.register(service, "good", register=False)
    assert "Promoted" in site.run("release", service, source).text
    (serving,) = next(s for s in json.loads(site.run("status", "--json").text)["services"] if s["service"] == service)[
        "sides"
    ]
    assert (serving["processes"], serving["healthy"]) == (2, 2)
    assert "AlreadyServing" in site.run("release", service, source).text
    _, versions = registry_of(site, service)
    assert list(versions) == ["1"]


def test_the_record_holds_the_pinned_configuration(site, served, tmp_path):
    service, _ = served
    client, (record, *_) = records_of(site, service)
    pinned = json.loads(Path(client.download_artifacts(record.info.run_id, "config.json", tmp_path)).read_text())
    assert pinned["model"] == service
    assert [g["name"] for g in pinned["gates"]] == ["errors", "latency", "accuracy"]
