"""Faults that versions have in practice, on a whole site: each is found as early as can be, and told in plain words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient
from planted import INPUTS, Lane, Planted, carry_out
from serving_process import SLICED

from greenramp.clients.evidence_sources import prediction_logs
from greenramp.clients.jsonlines import JsonLines

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

LABELS = {"classes": True}
SHADOW = {
    **{"min_seconds": 60, "deadline_seconds": 120, "min_pairs": 60, "max_disagreement": 0.2},
    **{"latency_margin": 10.0, "max_unpaired": 0.5, "silence_seconds": 60},  # the machine may be busy
    "slices": {"columns": [SLICED]},
}
PASSING = {"shadow": {**SHADOW, "min_seconds": 3}}
PAIRS = {"shadow": {**PASSING["shadow"], "expectations": "pairs"}}
REPLAY = {"per_second": 40, "requests": 200}
QUICK = {"shadow": SHADOW, "ladder": [50, 100], "bake": {"min_seconds": 1, "deadline_seconds": 120}}
ERRORS = {"name": "errors", "metric": "errors", "margin": 0.5, "min_requests": 10}
ANSWERS = {"name": "answers", "metric": "drift", "role": "observe", "min_requests": 1}
CONTRACT = {"name": "contract", "metric": "expectations", "suite": "answers", "min_requests": 20}
SUITES = {
    "answers": [
        {"expect_column_values_to_be_between": {"column": "prediction", "min_value": 0, "max_value": 9}},
        {"expect_column_unique_value_count_to_be_between": {"column": "prediction", "min_value": 8}},
    ],
    "pairs": [{"expect_column_pair_values_to_be_equal": {"column_A": "live", "column_B": "candidate"}}],
}
ENDURING = {"smoke": {"endurance_requests": 600, "endurance_seconds": 60, "compare_in_process": False}}
RENAMED = ({"type": "double", "name": "amount"}, *INPUTS[1:])
WIDENED = (*INPUTS, {"type": "string", "name": "channel", "required": False})

LANES = (
    Lane(
        *("planted-labels", LABELS, QUICK),
        releases=(
            Planted("a column under another name", LABELS, inputs=RENAMED),
            Planted("another answer at times", {**LABELS, "fault": "draws lots"}),
            Planted("labels shifted by one", {**LABELS, "fault": "shifted"}),
            Planted("wrong in a slice of 2 %", {**LABELS, "fault": "bad slice"}, rate=80),
        ),
    ),
    Lane(
        *("planted-numbers", {}, {**QUICK, "shadow": {**SHADOW, "max_invalid": 0.0005}}),
        releases=(
            Planted("a crash on the 500th request", {"fault": "crash"}, ENDURING),
            Planted("numbers on another scale", {"fault": "scaled"}),
            Planted("NaN in 0.5 % of the answers", {"fault": "not a number"}, rate=80),
            Planted("the same model once more", {}, PASSING),
        ),
    ),
    Lane(
        *("planted-suites", LABELS, {**QUICK, "environment": {"log_inputs": True}, "gates": [ERRORS, CONTRACT]}),
        releases=(
            Planted(
                *("pairs that break a suite", {**LABELS, "fault": "retrained", "others": 10}),
                {"shadow": {**PAIRS["shadow"], "min_pairs": 100, "max_disagreement": 0.4}},
            ),
            Planted(
                *("a step that breaks a suite", {**LABELS, "fault": "half the classes"}),
                {"shadow": {"enabled": False}},
            ),
            Planted("an optional column more, and suites that are met", LABELS, PAIRS, inputs=WIDENED),
            Planted(
                *("recorded requests beside thin traffic", {**LABELS, "fault": "retrained"}),
                {"shadow": {**PASSING["shadow"], "replay": REPLAY}, "gates": [ERRORS, ANSWERS]},
                rate=5,
            ),
        ),
        suites=SUITES,
    ),
)

FOUND = [
    ("a crash on the 500th request", "smoke test", "smoke/alive is fail at smoke test: the server was gone after "),
    ("another answer at times", "smoke test", "smoke/deterministic is fail at smoke test: "),
    ("labels shifted by one", "shadow", ": shifted by 1: "),
    ("numbers on another scale", "shadow", "the candidate's answers are about 16 times the champion's: "),
    ("NaN in 0.5 % of the answers", "shadow", ": null instead of a number: shadow/valid-answers is fail"),
    ("wrong in a slice of 2 %", "shadow", "country=XX"),
    ("pairs that break a suite", "shadow", "shadow/expectations is fail at shadow: 1 of 1 expectation not met"),
]
"""Releases that no user meets: in which phase each is found, and what is said of it."""


@pytest.fixture(scope="module")
def outcomes(site):
    """All releases, done at the same time."""
    return carry_out(site, LANES)


@pytest.fixture
def released(outcomes):
    """What became of a release, by its name; whatever becomes of it, users get their answers."""

    def find(name):
        found = outcomes[name].result(0)
        assert found.seen.requests > 0
        assert found.seen.failures == []
        return found

    return find


@pytest.fixture
def version_of(site):
    """A release's version in the registry."""
    return lambda found: MlflowClient(site.mlflow_url).get_model_version(found.service, found.version)


@pytest.fixture
def record_of(site):
    """A release's record in MLflow, None where none was opened."""

    def find(found):
        client = MlflowClient(site.mlflow_url)
        experiment = client.get_experiment_by_name(f"releases/{found.service}")
        runs = client.search_runs([experiment.experiment_id], f"params.candidate = '{found.version}'")
        return runs[0] if runs else None

    return find


@pytest.fixture
def text_of(site, tmp_path):
    """An artifact of a record."""
    client = MlflowClient(site.mlflow_url)
    return lambda record, name: Path(client.download_artifacts(record.info.run_id, name, tmp_path)).read_text()


def test_a_breaking_signature_is_refused_before_anything_is_touched(released, version_of, record_of):
    found = released("a column under another name")
    assert (found.run.state, found.run.type) == ("Refused", "FAILED")
    assert "column amount is new, required" in found.run.message
    assert found.after == found.before
    assert found.serving == []
    assert "greenramp.status" not in version_of(found).tags
    assert record_of(found) is None


@pytest.mark.parametrize(
    ("name", "phase", "sentence"),
    FOUND,
    ids=[name for name, *_ in FOUND],
)
def test_a_fault_is_found_before_any_user_meets_it(released, version_of, record_of, name, phase, sentence):
    found = released(name)
    assert (found.run.state, found.run.type) == ("RolledBack", "FAILED")
    assert sentence in found.run.message
    assert ("copies begun" in found.events) == (phase == "shadow")
    assert "share raised" not in found.events
    assert_put_back(found, version_of(found), record_of(found))
    assert set(found.seen.by_version) == {found.before[0]}


def test_a_step_whose_table_breaks_a_suite_takes_the_release_back(released, version_of, record_of, text_of):
    found = released("a step that breaks a suite")
    assert found.run.state == "RolledBack"
    assert found.run.message.startswith("contract is fail at 50 %: 1 of 2 expectations not met on ")
    assert "number of different values of prediction at least 8: it is 5" in found.run.message
    assert set(found.seen.by_version) == {found.before[0], found.version}
    record = record_of(found)
    assert_put_back(found, version_of(found), record)
    shown = text_of(record, "expectations-contract.md")
    assert shown.startswith("## 50 %")
    assert "| unmet | number of different values of prediction at least 8 | it is 5 |" in shown


@pytest.mark.parametrize("name", ["an optional column more, and suites that are met", "the same model once more"])
def test_a_version_without_fault_comes_to_all_traffic(released, version_of, record_of, name):
    found = released(name)
    assert found.run.state == "Promoted", found.run.message
    assert found.after[0] == found.version
    assert version_of(found).tags["greenramp.status"] in ("champion", "previous")
    assert record_of(found).info.status == "FINISHED"
    assert found.events.index("copies ended") < found.events.index("share raised")


def test_what_suites_found_stands_in_the_record_step_by_step(released, record_of, text_of):
    record = record_of(released("an optional column more, and suites that are met"))
    shown = text_of(record, "expectations-contract.md")
    assert [line for line in shown.splitlines() if line.startswith("## ")] == ["## 50 %", "## 100 %", "## bake"]
    assert shown.count("**answers**: 2 of 2 expectations met") == 3
    assert "1 of 1 expectations met" in text_of(record, "shadow/expectations.md")


def test_thin_traffic_is_compared_by_replays_of_what_users_asked_that_count_nowhere_else(
    site, released, record_of, text_of
):
    found = released("recorded requests beside thin traffic")
    assert found.run.state == "Promoted", found.run.message
    rows = [row for path in prediction_logs(site.home, found.service) for row in JsonLines(path).read_new()]
    replays = [row for row in rows if str(row.get("id")).startswith(f"replay.{found.service}-{found.version}-")]
    asked = {json.dumps(row["inputs"]) for row in rows if not row.get("copy")}
    assert {row["version"] for row in replays} == {found.before[0], found.version}
    assert {json.dumps(row["inputs"]) for row in replays} <= asked
    report = json.loads(text_of(record_of(found), "shadow/report.json"))
    assert report["pairs"]["pairs"] >= SHADOW["min_pairs"]
    paired = {str(row["id"]) for row in replays if row["version"] == found.version}
    assert len(paired) > report["pairs"]["pairs"] / 2, "most pairs are replays"
    verdicts = [v for line in found.journal if line["event"] == "verdicts" for v in line["verdicts"]]
    for gate, number in (("errors", "candidate"), ("answers", "candidate_values")):
        counted = max(v["numbers"][number] for v in verdicts if v["gate"] == gate)
        assert 0 < counted <= found.seen.by_version[found.version]


def assert_put_back(found, version, record):
    """All traffic is the champion's, the candidate has gone, and MLflow tells the same reason as the run."""
    champion, route = found.after
    assert champion == found.before[0]
    assert (route.mirror, route.percent, route.owner) == (0, 0, "")
    assert found.serving == []
    assert version.tags["greenramp.status"] == "rolled-back"
    assert version.tags["greenramp.reason"] == found.run.message
    assert record.info.status == "FAILED"
    assert record.data.tags["greenramp.reason"] == found.run.message
