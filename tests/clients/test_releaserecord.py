"""A release's record in MLflow: opened once, kept up, closed, and never left open for good."""

import uuid

import pytest
from matplotlib.figure import Figure
from mlflow.tracking import MlflowClient

from greenramp.clients.releaserecord import RELEASE_TAG, close_others, open_record
from greenramp.clients.reportpage import png_of
from greenramp.errors import Unreachable
from greenramp.reporting.points import Point


@pytest.fixture
def client(mlflow_uri):
    return MlflowClient(tracking_uri=mlflow_uri)


@pytest.fixture
def service():
    return f"fraud-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def record(mlflow_uri, service):
    return open_record(mlflow_uri, service, "r1", {"greenramp.phase": "registered"})


def test_a_record_is_a_run_of_the_services_own_experiment(record, client, service, mlflow_uri):
    run = client.get_run(record.run_id)
    assert client.get_experiment(run.info.experiment_id).name == f"releases/{service}"
    assert (run.info.run_name, run.info.status) == ("r1", "RUNNING")
    assert (run.data.tags[RELEASE_TAG], run.data.tags["greenramp.phase"]) == ("r1", "registered")
    assert record.page == f"{mlflow_uri}/#/experiments/{run.info.experiment_id}/runs/{record.run_id}"


def test_opened_twice_it_is_the_same_record(record, service, mlflow_uri):
    assert open_record(mlflow_uri, service, "r1", {"greenramp.phase": "registered"}) == record


def test_each_release_and_each_service_has_its_own(record, service, mlflow_uri):
    later, elsewhere = open_record(mlflow_uri, service, "r2", {}), open_record(mlflow_uri, f"{service}-eu", "r1", {})
    assert later.experiment_id == record.experiment_id != elsewhere.experiment_id
    assert len({record.run_id, later.run_id, elsewhere.run_id}) == 3


def test_what_is_fixed_and_what_changes_is_read_back(record, client):
    record.params({"candidate": "8", "digest": "sha256:0123"})
    record.params({"candidate": "8"})  # said again
    record.tag({"greenramp.phase": "canary"})
    record.tag({"greenramp.phase": "live", "greenramp.reason": "all gates pass"})
    run = client.get_run(record.run_id)
    assert run.data.params == {"candidate": "8", "digest": "sha256:0123"}
    assert (run.data.tags["greenramp.phase"], run.data.tags["greenramp.reason"]) == ("live", "all gates pass")


def test_text_of_any_length_is_cut_to_what_the_record_holds(record, client):
    record.params({"long": "x" * 50_000})
    record.tag({"long": "y" * 50_000})
    run = client.get_run(record.run_id)
    assert (run.data.params["long"], run.data.tags["long"]) == ("x" * 6000, "y" * 5000)


def test_numbers_are_kept_over_time(record, client):
    for percent in (5.0, 25.0):
        record.metrics({"candidate_percent": percent, "errors/ratio": percent / 10})
    history = client.get_metric_history(record.run_id, "candidate_percent")
    assert [point.value for point in history] == [5.0, 25.0]
    assert history[0].timestamp <= history[1].timestamp
    assert client.get_run(record.run_id).data.metrics["errors/ratio"] == 2.5


def test_texts_and_pictures_are_kept_and_replaced(record, client, tmp_path):
    for text in ("first\n", "Zürich\n"):
        record.text("journal.jsonl", text)
    record.file("release.png", png_of(Figure()))
    assert {file.path for file in client.list_artifacts(record.run_id)} == {"journal.jsonl", "release.png"}
    copy = client.download_artifacts(record.run_id, "journal.jsonl", str(tmp_path))
    assert (tmp_path / "journal.jsonl").read_text(encoding="utf-8") == "Zürich\n", copy


@pytest.mark.parametrize(("well", "status"), [(True, "FINISHED"), (False, "FAILED")])
def test_the_end_says_whether_it_ended_well(record, client, well, status):
    record.close(well)
    assert client.get_run(record.run_id).info.status == status


# records of dead releases


def test_what_is_still_open_is_ended_but_for_the_one_that_works(record, client, service, mlflow_uri):
    mine = open_record(mlflow_uri, service, "r2", {})
    record.params({"candidate": "7"})
    assert close_others(mlflow_uri, service, keep="r2", reason="put right by r2") == ("7",)
    dead = client.get_run(record.run_id)
    assert dead.info.status == "KILLED"
    assert (dead.data.tags["greenramp.phase"], dead.data.tags["greenramp.reason"]) == ("rolled-back", "put right by r2")
    assert client.get_run(mine.run_id).info.status == "RUNNING"


def test_what_has_ended_stays_as_it_is(record, client, service, mlflow_uri):
    record.tag({"greenramp.phase": "live"})
    record.close(well=True)
    assert close_others(mlflow_uri, service, keep="r2", reason="put right") == ()
    run = client.get_run(record.run_id)
    assert (run.info.status, run.data.tags["greenramp.phase"]) == ("FINISHED", "live")


def test_doing_it_again_does_nothing(record, service, mlflow_uri):
    record.params({"candidate": "7"})
    assert [close_others(mlflow_uri, service, keep="r2", reason="put right") for _ in range(2)] == [("7",), ()]


def test_a_dead_release_whose_version_stays_has_come_to_its_end(record, client, service, mlflow_uri):
    record.params({"candidate": "7"})
    other = open_record(mlflow_uri, service, "r0", {})
    close_others(mlflow_uri, service, keep="r2", reason="put right", stays="7")
    runs = [client.get_run(one.run_id) for one in (record, other)]
    assert [(r.info.status, r.data.tags["greenramp.phase"]) for r in runs] == [
        ("FINISHED", "live"),
        ("KILLED", "rolled-back"),
    ]


def test_other_services_are_left_alone(record, client, service, mlflow_uri):
    assert close_others(mlflow_uri, f"{service}-eu", keep="r2", reason="put right") == ()
    assert client.get_run(record.run_id).info.status == "RUNNING"


# nobody there


def test_an_mlflow_that_does_not_answer_is_named_and_may_be_tried_again(record, nobody):
    away = type(record)(nobody, record.run_id, record.experiment_id)
    for order in (
        lambda: open_record(nobody, "fraud", "r1", {}),
        lambda: close_others(nobody, "fraud", "r1", "put right"),
        lambda: away.tag({"a": "b"}),
        lambda: away.params({"a": "b"}),
        lambda: away.metrics({"a": 1.0}),
        lambda: away.close(well=True),
    ):
        with pytest.raises(Unreachable, match=f"MLflow at {nobody} does not take the release record"):
            order()


def test_points_in_time_are_added_once_each_however_often_they_are_given(record, client):
    early = [Point("errors/ratio", 1.5, 100.0, 0), Point("errors/ratio", 1.75, 105.0, 5)]
    record.points(early)
    record.points([*early, Point("errors/ratio", 2.0, 110.0, 10)])
    history = client.get_metric_history(record.run_id, "errors/ratio")
    assert [(m.value, m.timestamp, m.step) for m in history] == [
        (1.5, 100_000, 0),
        (1.75, 105_000, 5),
        (2.0, 110_000, 10),
    ]


def test_more_points_than_mlflow_takes_at_once_all_arrive(record, client):
    record.points([Point("candidate_percent", float(n), float(n), n) for n in range(1, 1500)])
    assert len(client.get_metric_history(record.run_id, "candidate_percent")) == 1499


def test_a_picture_is_read_back_and_one_that_is_not_there_is_none(record):
    assert record.picture("shadow/shadow.png") is None
    for picture in (b"first", png_of(Figure())):
        record.file("shadow/shadow.png", picture)
        assert record.picture("shadow/shadow.png") == picture
