"""Golden requests are read whole, or every line that is wrong is named."""

import json

import pytest

from greenramp.clients.configfiles import check_all, require_fit
from greenramp.clients.goldenfiles import golden_faults, read_golden
from greenramp.errors import ConfigError

GOOD = {"request": {"inputs": [[1]]}, "expected": [0.5]}


@pytest.fixture
def golden(tmp_path):
    """Write a file of golden requests."""
    (tmp_path / "golden").mkdir()

    def write(name, *items, text=None):
        file = tmp_path / "golden" / name
        lines = [json.dumps(item) for item in items]
        file.write_text(text if text is not None else "\n".join(lines), encoding="utf-8")
        return file

    return write


def test_lines_and_lists_are_read_with_the_place_they_stand_at(golden, tmp_path):
    golden("fraud_a.jsonl", GOOD | {"name": "night", "tolerance": 0.1}, GOOD)
    golden("fraud_b.json", [GOOD])
    golden("other_a.jsonl", GOOD)
    found = read_golden(tmp_path, "fraud")
    assert [one.title for one in found] == [
        "fraud_a.jsonl line 1 (night)",
        "fraud_a.jsonl line 2",
        "fraud_b.json request 1",
    ]
    assert [one.wanted.tolerance.relative for one in found] == [0.1, 1e-6, 1e-6]
    assert golden_faults(tmp_path, ["fraud", "other"]) == []


def test_without_a_file_there_are_none(tmp_path):
    assert read_golden(tmp_path, "fraud") == ()


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param(
            {"request": {}}, "line 1: give expected (a list of predictions), or a status", id="nothing wanted"
        ),
        pytest.param(GOOD | {"status": 400}, "and not both", id="refused and answered"),
        pytest.param(GOOD | {"expected": []}, "nothing would be compared", id="an empty list"),
        pytest.param(GOOD | {"expectd": 1}, "line 1.expectd: no such key here", id="misspelt"),
        pytest.param({"expected": [1]}, "line 1.request: this key is needed", id="no request"),
        pytest.param(GOOD | {"tolerance": -1}, "line 1.tolerance.absolute", id="a negative tolerance"),
        pytest.param(GOOD | {"tolerance": True}, "line 1.tolerance", id="a tolerance that is no number"),
        pytest.param(GOOD | {"request": "x"}, "request must be an object", id="a text as JSON"),
        pytest.param(GOOD | {"content_type": "text/csv"}, "request must be a text", id="an object as CSV"),
        pytest.param(GOOD | {"status": 500}, "line 1.status", id="an error of the server can't be wanted"),
        pytest.param([GOOD], "line 1: ", id="a list in a line"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(golden, tmp_path, item, words):
    file = golden("fraud_a.jsonl", item)
    with pytest.raises(ConfigError) as refused:
        read_golden(tmp_path, "fraud")
    assert f"{file}: line 1" in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        pytest.param("fraud_a.jsonl", '{"request"\n', "line 1: readable JSON", id="broken line"),
        pytest.param("fraud_a.json", "[{]", "readable golden requests", id="broken list"),
        pytest.param("fraud_a.jsonl", '{"request": {}, "request": {}}', "stands here twice", id="a key twice"),
        pytest.param("fraud_a.jsonl", "\n", "at least one golden request", id="empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_fault(golden, tmp_path, name, text, words):
    golden(name, text=text)
    (fault,) = golden_faults(tmp_path, ["fraud"])
    assert words in str(fault)


@pytest.mark.parametrize("name", ["frauds_a.jsonl", "fraud.jsonl", "fraud_a.yaml", "fraud_.jsonl"])
def test_a_file_that_no_service_would_read_is_a_fault(golden, tmp_path, name):
    file = golden(name, GOOD)
    (fault,) = golden_faults(tmp_path, ["digits", "fraud"])
    assert (
        str(fault) == f"{file}: a file name <service>_<anything>.jsonl or .json; services: digits, fraud; seen: {name}"
    )


def test_check_and_a_release_find_what_is_wrong_before_anything_is_started(golden, tmp_path):
    file = golden("fraud_a.jsonl", GOOD, {"request": {}})
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "fraud.yaml").write_text("model: fraud\ngates: [{name: e, metric: errors, margin: 0.5}]\n")
    files, faults = check_all(tmp_path)
    assert file in files
    assert [(fault.file, fault.key) for fault in faults] == [(file, "line 2")]
    with pytest.raises(ConfigError, match="line 2"):
        require_fit(tmp_path, "fraud")
    require_fit(tmp_path, "digits")
