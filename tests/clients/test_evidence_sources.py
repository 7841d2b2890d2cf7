"""Evidence is read from the files, from a mark on, and can be read anew."""

import json

import pytest

from greenramp.clients.evidence_sources import (
    EvidenceSources,
    append_labels,
    labels_file,
    marks,
    parse_labels,
    prediction_logs,
)
from greenramp.clients.jsonlines import OLDER_KEPT, generation
from greenramp.config import Gate
from greenramp.errors import ConfigError
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.home import Home
from greenramp.measures.counting import Counting
from greenramp.traffic.split import Side

GATES = [
    Gate.model_validate({"name": "errors", "metric": "errors", "margin": 0.2}),
    Gate.model_validate({"name": "accuracy", "metric": "wrong", "margin": 0.2}),
]


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def append(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)


def asked(home, request_id, status=200, service="fraud", side="green"):
    append(
        home.request_log,
        {
            "ts": "1.5",
            "id": request_id,
            "user": None,
            "cluster": f"{service}.{side}-fallback",
            "status": status,
            "attempts": 1,
            "upstream_us": 900,
            "environment": side,
            "route": f"{service}.split",
            "generation": "5",
            "percent": "25",
        },
    )


def answered(home, request_id, *predictions, service="fraud", program="fraud.green.0"):
    row = {"v": 1, "id": request_id, "service": service, "predictions": list(predictions)}
    append(home.predictions / f"{program}.jsonl", row)


def counted(home, since, service="fraud"):
    counting = Counting(GATES, Side.GREEN, step_generation=5)
    EvidenceSources(home, service, since).feed(counting)
    return counting


def one(candidate, bad):
    return Evidence((Stratum(0.25, candidate, 0, bad, 0),))


def test_before_anything_happened_there_is_no_evidence(home):
    assert counted(home, marks(home, "fraud")).requests == 0


def test_requests_predictions_and_labels_come_together(home):
    since = marks(home, "fraud")
    for request_id in ("a1", "a2", "a3"):
        asked(home, request_id)
        answered(home, request_id, 1)
    assert append_labels(home, "fraud", [("a1", 1), ("a2", 0)]) == 2
    counting = counted(home, since)
    assert counting.evidence["errors"] == one(3, 0)
    assert counting.evidence["accuracy"] == one(2, 1)


def test_what_was_before_the_marks_does_not_count(home):
    asked(home, "a1", status=500)
    answered(home, "a1", 0)
    append_labels(home, "fraud", [("a1", 1)])
    since = marks(home, "fraud")
    asked(home, "a2")
    assert counted(home, since).evidence["errors"] == one(1, 0)
    assert counted(home, since).evidence["accuracy"] == Evidence()


def test_marks_are_plain_data(home):
    asked(home, "a1")
    assert json.loads(json.dumps(marks(home, "fraud"))) == marks(home, "fraud")


def test_evidence_read_anew_is_the_same(home):
    since = marks(home, "fraud")
    asked(home, "a1", status=500)
    asked(home, "a2")
    assert (
        counted(home, since).evidence == counted(home, since).evidence == {"errors": one(2, 1), "accuracy": Evidence()}
    )


def rotate(path):
    for number in range(OLDER_KEPT, 0, -1):
        if generation(path, number - 1).exists():
            generation(path, number - 1).replace(generation(path, number))


def test_evidence_is_the_same_before_and_after_the_logs_are_rotated(home):
    asked(home, "a0", status=500)
    answered(home, "a0", 0)
    since = marks(home, "fraud")
    for n, status in enumerate((200, 500, 200, 200), start=1):
        asked(home, f"a{n}", status=status)
        answered(home, f"a{n}", n % 2)
    append_labels(home, "fraud", [(f"a{n}", 1) for n in range(5)])
    before = counted(home, since).evidence
    assert before == {"errors": one(4, 1), "accuracy": one(3, 1)}
    rotate(home.predictions / "fraud.green.0.jsonl")
    for _ in range(OLDER_KEPT):
        rotate(home.request_log)
        assert counted(home, since).evidence == before
    asked(home, "a5")
    answered(home, "a5", 1)
    append_labels(home, "fraud", [("a5", 1)])
    assert counted(home, since).evidence == {"errors": one(5, 1), "accuracy": one(4, 1)}


def test_a_log_that_is_just_being_rotated_is_marked_and_read_all_the_same(home):
    log = home.predictions / "fraud.green.0.jsonl"
    answered(home, "a1", 0)
    rotate(log)
    since = marks(home, "fraud")
    for request_id in ("a1", "a2"):
        asked(home, request_id)
    answered(home, "a2", 1)
    append_labels(home, "fraud", [("a1", 1), ("a2", 1)])
    assert prediction_logs(home, "fraud") == [log]
    assert counted(home, since).evidence["accuracy"] == one(1, 0)


def test_evidence_that_was_deleted_before_it_was_read_is_counted_as_a_gap(home):
    asked(home, "a1")
    sources = EvidenceSources(home, "fraud", marks(home, "fraud"))
    home.request_log.replace(home.request_log.with_name("elsewhere"))
    asked(home, "a2")
    counting = Counting(GATES, Side.GREEN, step_generation=5)
    sources.feed(counting)
    assert (counting.requests, sources.gaps) == (1, 1)


def test_each_look_passes_on_only_what_is_new(home):
    counting = Counting(GATES, Side.GREEN, step_generation=5)
    sources = EvidenceSources(home, "fraud", marks(home, "fraud"))
    asked(home, "a1")
    for _ in range(3):
        sources.feed(counting)
    assert counting.requests == 1
    answered(home, "a1", 1)
    sources.feed(counting)
    append_labels(home, "fraud", [("a1", 0)])
    sources.feed(counting)
    assert counting.evidence["accuracy"] == one(1, 1)


def test_an_environment_that_starts_later_is_read_from_its_beginning(home):
    counting = Counting(GATES, Side.GREEN, step_generation=5)
    sources = EvidenceSources(home, "fraud", marks(home, "fraud"))
    sources.feed(counting)
    asked(home, "a1")
    answered(home, "a1", 1, program="fraud.green.1")
    append_labels(home, "fraud", [("a1", 1)])
    sources.feed(counting)
    assert counting.evidence["accuracy"] == one(1, 0)


def test_another_services_requests_are_not_ours(home):
    since = marks(home, "fraud")
    asked(home, "a1", service="fraud-eu", status=500)
    asked(home, "a2", service="digits", status=500)
    assert counted(home, since).requests == 0


def test_another_services_predictions_are_not_ours(home):
    for program in ("fraud.blue.0", "fraud.green.0", "fraud-eu.green.0", "digits.blue.0"):
        answered(home, "a1", 1, program=program)
    names = [path.name for path in prediction_logs(home, "fraud")]
    assert names == ["fraud.blue.0.jsonl", "fraud.green.0.jsonl"]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("{half\n", id="half a line"),
        pytest.param({"id": "a1"}, id="without a label"),
        pytest.param({"label": 1}, id="without an id"),
        pytest.param({"id": "a1", "label": None}, id="label of nothing"),
        pytest.param("[1]\n", id="a list"),
    ],
)
def test_a_label_line_that_is_none_is_passed_over_and_hides_no_other(home, line):
    since = marks(home, "fraud")
    asked(home, "a1")
    answered(home, "a1", 1)
    append(labels_file(home, "fraud"), line)
    append_labels(home, "fraud", [("a1", 1)])
    assert counted(home, since).evidence["accuracy"] == one(1, 0)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param({"v": 1, "dropped": 3}, id="lines were dropped"),
        pytest.param({"v": 1, "id": "a1", "predictions": None, "truncated": True}, id="answer too large"),
        pytest.param({"v": 1, "id": "a1", "predictions": None, "error": "bad input"}, id="refused by the model"),
        pytest.param({"predictions": [1]}, id="without an id"),
        pytest.param({"v": 1, "id": "a1", "predictions": [1], "copy": True}, id="of a copy, which no user got"),
    ],
)
def test_a_prediction_line_without_predictions_for_a_user_is_passed_over(home, line):
    since = marks(home, "fraud")
    asked(home, "a1")
    append(home.predictions / "fraud.green.0.jsonl", line)
    append_labels(home, "fraud", [("a1", 1)])
    assert counted(home, since).evidence["accuracy"] == Evidence()


# labels


def test_labels_of_a_file_are_read(home):
    text = '{"id": "a1", "label": 1}\n\n{"id": 2, "label": [0, 1]}\n'
    assert parse_labels(text, "labels.jsonl") == [("a1", 1), ("2", [0, 1])]


@pytest.mark.parametrize("line", ["{half", '{"id": "a1"}', '{"label": 1}', "[1]", "7", "null"])
def test_a_file_with_a_line_that_is_no_label_is_refused_whole_and_the_line_named(line):
    with pytest.raises(ConfigError) as refused:
        parse_labels(f'{{"id": "a1", "label": 1}}\n{line}\n', "labels.jsonl")
    assert str(refused.value) == (
        f'labels.jsonl: line 2: wanted {{"id": <x-request-id>, "label": <value>}}; seen: {line}'
    )


def test_a_label_without_a_value_is_refused():
    with pytest.raises(ConfigError, match="line 1"):
        parse_labels('{"id": "a1", "label": null}', "labels.jsonl")


def test_labels_of_several_writers_are_all_there(home):
    for n in range(3):
        append_labels(home, "fraud", [(f"{n}-{m}", m) for m in range(10)])
    rows = [json.loads(line) for line in labels_file(home, "fraud").read_text().splitlines()]
    assert len(rows) == 30
    assert labels_file(home, "fraud").stat().st_mode & 0o077 == 0
