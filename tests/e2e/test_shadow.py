"""Copies of live requests: a bad version is found before any user meets it, a good one goes on to its users."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.e2e

SHADOW = {
    "min_seconds": 3,
    "deadline_seconds": 120,
    "silence_seconds": 60,
    "min_pairs": 60,
    "max_disagreement": 0.2,
    "latency_margin": 10.0,  # times on a busy machine are not what is tested here
    "slices": {"columns": ["x"]},
}


@pytest.fixture(scope="module")
def served(site):
    """A service whose first version serves; returns (service, that version)."""
    service = site.add_service("shadowed", shadow=SHADOW, ladder=[50, 100])
    first = site.register(service, "good", example=True)
    done = site.run("release", service, first)
    assert done.code == 0, done.text
    return service, first


def record_of(site, service, tmp_path):
    """The newest record of a service's releases and shadow tests, its report, and the names of its files."""
    client = MlflowClient(site.mlflow_url)
    experiment = client.get_experiment_by_name(f"releases/{service}")
    record = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time DESC"])[0]
    report = client.download_artifacts(record.info.run_id, "shadow/report.json", tmp_path)
    files = {f.path for f in client.list_artifacts(record.info.run_id, "shadow")}
    return record, json.loads(Path(report).read_text()), files


def test_a_version_that_answers_otherwise_goes_back_before_any_user_meets_it(site, users, served, tmp_path):
    service, first = served
    bad = site.register(service, "wrong")
    with users(service, 100) as seen:
        run = site.ended(site.start(service, bad))
    assert (run.state, run.type) == ("RolledBack", "FAILED")
    assert run.message.startswith("the candidate answers 0 to everything: shadow/")
    assert " is fail at shadow: " in run.message
    assert seen.failures == []
    assert set(seen.by_version) == {first}
    assert site.live_version(service) == first
    assert not site.serving(service, bad)
    record, report, files = record_of(site, service, tmp_path)
    assert {"shadow/shadow.png", "shadow/report.json", "shadow/pairs.jsonl"} <= files
    assert record.data.tags["greenramp.shadow"] == report["headline"]
    assert report["pairs"]["only_live"] == 0
    assert [part["name"].split()[0][0] for part in report["slices"]] == ["x"] * 4, "a number's quarters"


def test_the_command_compares_two_versions_and_leaves_everything_as_it_was(site, users, served, tmp_path):
    service, first = served
    alike, bad = site.register(service, "better"), site.register(service, "wrong")
    with users(service, 100) as seen:
        good = site.run("shadow", service, "--version", alike)
        assert good.code == 0, good.text
        _, report, _ = record_of(site, service, tmp_path)
        assert report["pairs"]["pairs"] >= SHADOW["min_pairs"]
        assert {v["outcome"] for v in report["verdicts"]} == {"pass"}
        done = site.run("shadow", service, "--version", bad)
    assert done.code == 1
    assert "the candidate answers 0 to everything" in done.text
    assert seen.failures == []
    assert set(seen.by_version) == {first}
    route = site.router.read(service)
    assert (route.mirror, route.percent, route.owner) == (0, 0, "")
    assert not site.serving(service, alike)
    assert not site.serving(service, bad)


def test_a_version_that_answers_alike_goes_on_to_its_users(site, users, served):
    service, first = served
    second = site.register(service, "better")
    with users(service, 100) as seen:
        run = site.ended(site.start(service, second))
    assert run.state == "Promoted", run.message
    assert seen.failures == []
    assert set(seen.by_version) == {first, second}
    assert site.live_version(service) == second
    begun = [line["event"] for line in site.journal(run)]
    assert begun.index("copies begun") < begun.index("copies ended") < begun.index("share raised")
