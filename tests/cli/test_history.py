"""`greenramp history`: which version served when, with no server up."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenramp.clients.journal import Journal, read_last_look, read_stories, recorded_services
from greenramp.home import Home

GREENRAMP = Path(sys.executable).parent / "greenramp"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
VERDICT = {"gate": "errors", "outcome": "fail", "sentence": "4 of 40", "numbers": {}}
LINES = [
    (0, "claimed", {"version": "1", "candidate": "2", "model": "fraud", "lease_seconds": 15}),
    (10, "share raised", {"percent": 5.0}),
    (12, "verdicts", {"where": "5 %", "verdicts": [], "exposed": 3}),
    (20, "verdicts", {"where": "5 %", "verdicts": [VERDICT], "exposed": 40}),
    (20.5, "traffic put back", {"version": "1"}),
    (21, "ended", {"outcome": "rolled-back", "reason": "errors is fail"}),
]


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.journals.mkdir()
    lines = [json.dumps({"ts": START + ts, "event": event, **facts}) + "\n" for ts, event, facts in LINES]
    (home.journals / "fraud-2-aaaaaaaa.jsonl").write_text("".join(lines) + '{"half')
    (home.journals / "fraud-2-aaaaaaaa.orders.jsonl").write_text("{}\n")
    (home.journals / "fraud.jsonl").write_text("{}\n")
    Journal(home, "fraud-eu-1-bbbbbbbb").add("claimed", version=None)
    return home


def run(home, *words):
    around = {"GREENRAMP_HOME": str(home.root), "TZ": "UTC", "COLUMNS": "200", "PATH": ""}
    return subprocess.run([GREENRAMP, *words], env=around, capture_output=True, text=True, timeout=60, check=False)


def test_each_release_is_told_with_its_outcome_whom_it_met_and_how_quickly_it_went_back(home):
    done = run(home, "history", "fraud")
    assert done.returncode == 0, done.stderr
    assert "2026-03-01 12:00:00+00:00  release of version 2: rolled-back after 21 s, 40 requests" in done.stdout
    assert "traffic back 500 ms after the verdict" in done.stdout
    assert "errors is fail" in done.stdout


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2026-03-01T12:00:15Z", "version 1 served 95 %, version 2 5 % (release fraud-2-aaaaaaaa)"),
        ("2026-03-01T13:00:15+01:00", "version 1 served 95 %, version 2 5 %"),
        ("2026-03-01 12:00:21", "version 1 served all requests"),
        ("2026-02-01", "not known; the first record is of 2026-03-01 12:00:00+00:00"),
    ],
)
def test_who_served_at_a_time(home, at, words):
    done = run(home, "history", "fraud", "--at", at)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout


def test_programs_get_it_as_json(home):
    told = json.loads(run(home, "history", "fraud", "--json").stdout)
    assert [one["version"] for one in told["served"]] == ["1", "1", "1", "1"]
    assert (told["releases"][0]["exposed"], told["releases"][0]["back_seconds"]) == (40, 0.5)
    at = json.loads(run(home, "history", "fraud", "--at", "2026-03-01T12:00:15Z", "--json").stdout)
    assert (at["served"]["candidate"], at["served"]["percent"]) == ("2", 5.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["history", "nosuch"], "holds no record of 'nosuch'; services there: fraud, fraud-eu"),
        (["history", "fraud", "--at", "yesterday"], "'yesterday' is no time; write it like 2026-03-01T17:05"),
        (["history", "fraud", "--at", "2999-01-01"], "has not come yet"),
    ],
)
def test_a_wrong_order_is_one_sentence(home, words, said):
    done = run(home, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_it_loads_neither_mlflow_nor_prefect(home):
    code = "import sys\nfrom greenramp.cli.main import app\napp(['history', 'fraud'], standalone_mode=False)\n"
    code += "print([m for m in ('greenramp.config', 'mlflow', 'prefect', 'pandas', 'numpy') if m in sys.modules])"
    around = {"GREENRAMP_HOME": str(home.root)}
    done = subprocess.run([sys.executable, "-c", code], env=around, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_of_many_looks_the_last_one_is_read_and_half_a_line_is_none(home):
    (lines,) = read_stories(home, "fraud").values()
    assert [line["event"] for line in lines] == [
        "claimed",
        "share raised",
        "verdicts",
        "traffic put back",
        "ended",
    ]
    assert lines[2]["exposed"] == 40
    assert read_last_look(home, "fraud-2-aaaaaaaa")["exposed"] == 40
    assert read_last_look(home, "fraud-9-aaaaaaaa") is None
    assert recorded_services(home) == ("fraud", "fraud-eu")
