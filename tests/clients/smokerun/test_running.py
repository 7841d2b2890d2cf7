"""A sound model passes every check; each fault is found by the check that is there for it, in plain words."""

import json
import re
import shutil
import subprocess

import pytest

from greenramp.clients.goldenfiles import Golden
from greenramp.config.golden import GoldenRequest
from greenramp.verdict import Outcome

ENDURANCE = {"endurance_requests": 300, "endurance_seconds": 60}
LONG = {**ENDURANCE, "endurance_requests": 600}
ROW = {"dataframe_split": {"columns": ["x", "n", "city"], "data": [[1.0, 2, "Ulm"]]}}


def failed(report):
    """The bad verdicts, worst cause first: names without their prefix, and what they say."""
    return {v.gate.removeprefix("smoke/"): v.sentence for v in report.verdicts if v.outcome is Outcome.FAIL}


def checked(report):
    return [v.gate.removeprefix("smoke/") for v in report.verdicts]


def test_a_sound_model_passes_every_check_and_what_was_not_checked_is_said(served):
    golden = Golden("fraud_a.jsonl line 1", GoldenRequest(request=ROW, expected=[4.5]))
    slow_only = {**ENDURANCE, "compare_in_process": True}
    report = served.smoke(smoke=slow_only, golden=(golden,), recorded=(ROW,), cold_start_seconds=2.5)
    assert failed(report) == {}
    assert checked(report) == [
        *["version", "answers", "values", "bad-input", "alive", "deterministic", "golden", "in-process", "formats"],
        *["cold-start", "latency", "endurance", "memory"],
    ]
    assert [row for row in report.rows() if row["verdict"] == "not checked"] == []
    said = {v.gate: v.sentence for v in report.verdicts}
    assert said["smoke/answers"] == "11 of 11 requests were answered"
    assert said["smoke/in-process"].startswith("4 of 4 answers")
    assert said["smoke/formats"].startswith("6 of 6 ways to ask have the same answers, row by row; 1000 rows took ")


@pytest.mark.parametrize(
    ("fault", "smoke", "check", "words"),
    [
        pytest.param("nan", {}, "values", "predictions are null or not finite", id="NaN in one answer of 200"),
        pytest.param(
            "now and then", ENDURANCE, "deterministic", "asked again: answer 1 is", id="another answer at times"
        ),
        pytest.param(
            "leak", ENDURANCE, "memory", "MB per 1,000 requests, allowed 50 MB", id="300 kB left behind each time"
        ),
        pytest.param("slow", {"max_latency_ms": 20}, "latency", "allowed 20 ms; p95", id="three times too slow"),
        pytest.param("rows", {}, "formats", "dataframe_split, 3 rows: answer 1 is", id="rows depend on each other"),
        pytest.param("", {"max_memory_mb": 10}, "memory", "allowed 10 MB", id="too large"),
    ],
)
def test_a_fault_is_found_by_the_check_that_is_there_for_it(served, fault, smoke, check, words):
    found = failed(served.smoke(fault, smoke))
    assert words in found.pop(check)
    assert set(found) <= ({"formats", "deterministic"} if fault in ("nan", "now and then") else set())


def test_what_a_smoke_test_sends_is_logged_as_no_users_request(served):
    served.smoke()
    lines = map(json.loads, served.fault.with_name("log.jsonl").read_text().splitlines())
    assert {line.get("copy") for line in lines} == {True}


def test_one_large_allocation_is_no_leak(served):
    assert failed(served.smoke("once", ENDURANCE)) == {}


def test_a_model_that_may_differ_is_not_held_to_its_first_answer(served):
    report = served.smoke("now and then", {**ENDURANCE, "deterministic": False})
    assert failed(report) == {}
    assert "smoke/deterministic is not checked: smoke.deterministic is false" in map(str, report.found)


def test_a_crash_on_the_500th_request_is_found_and_said_to_be_one(doomed):
    found = failed(doomed.smoke("crash", LONG))
    assert list(found) == ["alive"]
    said = re.fullmatch(r"the server was gone after (\d+) requests \(endurance\): .*", found["alive"])
    assert 490 <= int(said[1]) <= 530


def test_a_process_that_was_started_anew_meanwhile_is_no_sound_one(served):
    ended = subprocess.Popen(["true"])
    ended.wait()
    found = failed(served.smoke(pids=(served.process.pid, ended.pid)))
    assert "started anew" in found["alive"]


@pytest.mark.parametrize("wrong", [{"version": "8"}, {"side": "green"}])
def test_another_version_or_side_than_the_one_meant_is_found(served, wrong):
    (meant,) = wrong.values()
    assert f'"{meant}"' in failed(served.smoke(**wrong))["version"]


def test_a_model_that_answers_otherwise_behind_a_server_than_alone_is_found(served, monkeypatch, tmp_path):
    (tmp_path / "fault").write_text("other")
    monkeypatch.setenv("FAULT", str(tmp_path / "fault"))  # seen by the model alone; the server has its own
    found = failed(served.smoke(smoke={"compare_in_process": True}))
    assert found == {"in-process": f"0 of 3 {THAN}; {HOW}"}


THAN = "answers are those of the model without a server"
HOW = "; ".join(f"request {n}: answer 1 is {seen} instead of {seen + 1}" for n, seen in [(1, 4.5), (2, 5.25), (3, 7.0)])


def test_a_model_that_cannot_be_asked_alone_is_said_to_be_not_compared(served, monkeypatch):
    monkeypatch.setenv("FAULT", "/no/such/file")
    report = served.smoke(smoke={"compare_in_process": True})
    assert failed(report) == {}
    (note,) = [str(one) for one in report.found if "in-process" in str(one)]
    assert "not checked: the model can't be asked without a server" in note
    assert "No such file" in note


@pytest.mark.parametrize(
    ("golden", "words"),
    [
        pytest.param({"request": ROW, "expected": [4.6]}, "answer 1 is 4.5 instead of 4.6", id="another number"),
        pytest.param({"request": ROW, "expected": [4.5, 1]}, "1 answers instead of 2", id="another count"),
        pytest.param({"request": ROW, "status": 400}, "wanted 400", id="answered, though it should be refused"),
        pytest.param({"request": {"inputs": {}}, "expected": [1]}, "answered with 400", id="refused"),
    ],
)
def test_a_golden_request_that_is_answered_otherwise_is_named(served, golden, words):
    report = served.smoke(golden=(Golden("fraud_a.jsonl line 3", GoldenRequest(name="night", **golden)),))
    (sentence,) = failed(report).values()
    assert sentence.startswith("0 of 1 golden requests are answered as expected; fraud_a.jsonl line 3 (night): ")
    assert words in sentence


def test_golden_requests_may_be_csv_and_may_be_near_enough_or_have_to_be_refused(served):
    golden = (
        GoldenRequest(request="x,n,city\n1.0,2,Ulm\n", content_type="text/csv", expected=[4.6], tolerance=0.2),
        GoldenRequest(request={"dataframe_split": {"columns": ["x"], "data": [[1]]}}, status=400),
    )
    assert failed(served.smoke(golden=tuple(Golden("a", one) for one in golden))) == {}


def test_a_model_without_an_example_is_asked_what_its_signature_says(served, tmp_path):
    (tmp_path / "MLmodel").write_bytes((served.model / "MLmodel").read_bytes())
    report = served.smoke(model_path=str(tmp_path))
    assert failed(report) == {}
    notes = [str(one) for one in report.found if "not checked" in str(one)]
    assert "smoke/formats/csv is not checked: an empty text would be read as a missing one" in notes


def test_a_model_that_says_nothing_of_its_inputs_passes_nothing_in_silence(served, tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    report = served.smoke(model_path=str(tmp_path))
    assert checked(report) == ["version", "bad-input", "alive", "memory"]
    assert "smoke/answers is not checked: there is no request to send" in map(str, report.found)


def test_a_value_that_means_something_else_in_csv_is_found(served, tmp_path):
    copy = shutil.copytree(served.model, tmp_path / "copy")
    example = json.loads((copy / "serving_input_example.json").read_text())
    example["dataframe_split"]["data"][1][2] = "NA"  # which pandas reads as a missing value in csv
    (copy / "serving_input_example.json").write_text(json.dumps(example))
    found = failed(served.smoke(model_path=str(copy)))
    assert list(found) == ["formats"]
    assert found["formats"].startswith("5 of 6 ways")
    assert "; csv, 3 rows: answered with 400 " in found["formats"]


def test_without_a_signature_nothing_stands_between_wrong_input_and_the_model(unsigned):
    sound = unsigned.smoke()
    assert failed(sound) == {}
    notes = {one["check"]: one["why"] for one in sound.rows() if one["verdict"] == "not checked"}
    assert "without a signature" in notes["smoke/formats/csv"]
    assert failed(unsigned.smoke("leave")) == {
        "bad-input": "6 of 7 wrong requests did no harm: "
        "a text in the column x was answered with 500 Internal Server Error, wanted 400 to 499"
    }
    dead = unsigned.smoke("die", ENDURANCE)
    found = failed(dead)
    assert "a text in the column x was not answered, and the server is gone" in found["bad-input"]
    assert list(found) == ["bad-input", "alive"]
    notes = {one["check"]: one["why"] for one in dead.rows() if one["verdict"] == "not checked"}
    assert {notes[f"smoke/{check}"] for check in ("golden", "formats", "endurance")} == {"the server is gone"}
