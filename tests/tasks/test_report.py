"""A release's end is written down for people: its record, its report, and a line on the version's page."""

import pytest
from mlflow.tracking import MlflowClient
from prefect.logging import disable_run_logger

from greenramp.clients.journal import Journal
from greenramp.clients.releaserecord import open_record
from greenramp.config import Service
from greenramp.lifecycle.phases import Phase
from tasks.report import close_release_record, record_phase

VERDICT = {
    "gate": "errors",
    "outcome": "fail",
    "sentence": "22 of 178 failed",
    "numbers": {
        "candidate": 178,
        "candidate_bad": 22,
        "ratio_low": 1.9,
        "ratio_high": 18.0,
        "ratio": 5.7,
        "margin": 0.5,
    },
}


@pytest.fixture
def ending(site, model, register):
    """A release that has just put its traffic back; gives its id, its record, and what ends it."""
    version = register({"a": "double"})
    release = f"fraud-{version}-abcd1234"
    journal = Journal(site.home, release)
    journal.add("claimed", live="blue", version="7", model=model, candidate=version, lease_seconds=15)
    journal.add("share raised", percent=5.0)
    journal.add("verdicts", where="5 %", seconds=9.0, served=[9, 180], exposed=9, verdicts=[VERDICT])
    journal.add("traffic put back", live="blue", version="7")
    record = open_record(site.mlflow_url, model, release, {})
    plan = Service.model_validate({"model": model, "gates": [{"name": "errors", "metric": "errors", "margin": 0.5}]})

    def end(outcome=Phase.ROLLED_BACK):
        with disable_run_logger():
            close_release_record.fn(site, plan, record, release, outcome, "errors is fail at 5 %")

    return release, record, version, end


def test_a_release_that_went_back_leaves_record_report_and_a_line_on_the_versions_page(site, model, ending):
    release, record, version, end = ending
    end()
    client = MlflowClient(site.mlflow_url, site.mlflow_url)
    run = client.get_run(record.run_id)
    assert run.info.status == "FAILED"
    assert run.data.tags["greenramp.reason"] == "errors is fail at 5 %"
    assert "errors, at 5 %" in run.data.tags["mlflow.note.content"]
    assert run.data.metrics["errors/ratio"] == 5.7
    names = {file.path for file in client.list_artifacts(record.run_id)}
    assert {"report.html", "release.png", "estimates.png", "journal.jsonl"} <= names
    described = client.get_model_version(model, version).description
    assert described.startswith(f"Greenramp: rolled back by {release}, ")
    assert described.endswith("errors is fail at 5 %. 9 requests of users reached it.")


def test_ended_a_second_time_it_says_the_same_once(site, ending):
    release, record, _, end = ending
    end()
    end()
    events = [line["event"] for line in Journal(site.home, release).read()]
    assert events.count("ended") == 1
    history = MlflowClient(site.mlflow_url).get_metric_history(record.run_id, "candidate_percent")
    assert [metric.value for metric in history] == [0.0, 5.0, 0.0]


def test_numbers_come_into_the_record_while_the_release_goes_on_each_once(site, ending):
    release, record, _, _ = ending
    with disable_run_logger():
        record_phase.fn(site, record, release, Phase.CANARY, 5.0)
        record_phase.fn(site, record, release, Phase.CANARY, 25.0)
    phases = [line for line in Journal(site.home, release).read() if line["event"] == "phase"]
    assert [(line["phase"], line["percent"]) for line in phases[-2:]] == [("canary", 5.0), ("canary", 25.0)]
    client = MlflowClient(site.mlflow_url)
    assert client.get_run(record.run_id).data.tags["greenramp.phase"] == "canary"
    assert len(client.get_metric_history(record.run_id, "errors/ratio")) == 1
