"""plan, judge and backtest, as they are typed; none of them needs a site."""

import csv
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.errors import ConfigError

SERVICE = """
model: fraud
ladder: [10, 50, 100]
step: {min_seconds: 60, deadline_seconds: 3600}
gates:
  - {name: errors, metric: errors, margin: 0.5, role: require}
  - {name: times, metric: latency, margin: 0.2}
"""


@pytest.fixture
def configs(tmp_path, monkeypatch):
    monkeypatch.setenv("GREENRAMP_HOME", str(tmp_path / "home"))
    folder = tmp_path / "configs"
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "fraud.yaml").write_text(SERVICE)
    return folder


def table(path, count=1500, broken=False, times=True, **fixed):
    chance = random.Random(4)
    with path.open("w", newline="") as file:
        columns = ["side", "time", "share", "failed"] + (["ms"] if times else [])
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for n in range(count):
            mine = chance.random() < 0.5
            failed = chance.random() < (0.8 if mine and broken and n >= 500 else 0.2)
            row = {"side": "candidate" if mine else "champion", "time": n / 10, "share": 50, "failed": int(failed)}
            writer.writerow({**row, "ms": chance.lognormvariate(3, 0.2), **fixed})
    return path


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_plan_takes_traffic_by_hand_and_says_so(configs):
    done = run("plan", "fraud", "--configs", configs, "--rate", 100, "--base-rate", "errors=0.01")
    assert done.exit_code == 0, done.output
    assert "requests/s given by hand; bad rates given by hand: errors" in " ".join(done.output.split())
    assert "in time" in done.output
    assert "nothing is known of the champion's measurements for times" in " ".join(done.output.split())


def test_plan_shows_from_which_step_on_proof_is_asked_for(configs):
    file = configs / "services" / "fraud.yaml"
    file.write_text(SERVICE.replace("role: require}", "role: require, proof_from_percent: 50}"))
    done = run("plan", "fraud", "--configs", configs, "--rate", 100, "--base-rate", "errors=0.01")
    assert "errors (require)" in done.output
    rows = [line.split("│")[1:-1] for line in done.output.splitlines() if line.startswith(("│ 10 %", "│ 50 %"))]
    proofs = {row[0].strip(): row[3].strip() for row in rows if len(row) == 6}
    assert proofs["10 %"] == "-"
    assert float(proofs["50 %"].replace(",", "")) > 0


def test_plan_ends_with_3_when_a_required_gate_cannot(configs):
    done = run("plan", "fraud", "--configs", configs, "--rate", 1, "--base-rate", "errors=0.01", "--json")
    assert done.exit_code == 3
    said = json.loads(done.output)
    assert said["blocked"]
    first = said["gates"][0]
    assert (first["gate"], first["step"], first["able"]) == ("errors", "10 %", "no")
    assert first["prove"]["seconds"] > 3600
    assert "What would help" in first["why"]


def test_plan_reads_todays_traffic(configs, tmp_path):
    log = tmp_path / "home" / "requests" / "requests.jsonl"
    log.parent.mkdir(parents=True)
    now = time.time()
    rows = [
        {
            "ts": now - 59 + n / 20,
            "cluster": "fraud.blue-live",
            "status": 200 if n % 10 else 500,
            "upstream_us": 900 + n,
        }
        for n in range(1160)
    ]
    log.write_text("".join(json.dumps({"attempts": 1, **row}) + "\n" for row in rows))
    done = run("plan", "fraud", "--configs", configs, "--json")
    said = json.loads(done.output)
    assert 15 < said["requests_per_second"] < 21
    assert said["gates"][0]["base_rate"] == pytest.approx(0.1)
    assert {gate["able"] for gate in said["gates"]} <= {"yes", "maybe"}
    assert done.exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "no request to fraud in the last 60 s"),
        (("--rate", "0"), "no request to fraud in the last 60 s"),
        (("--rate", "1", "--base-rate", "error=0.1"), "--base-rate error=0.1: wanted <gate>=<fraction in [0, 1]>"),
        (("--rate", "1", "--base-rate", "errors=2"), "one of the gates errors, times"),
        (("--rate", "1", "--base-rate", "errors"), "wanted <gate>="),
    ],
)
def test_plan_names_what_is_missing_or_wrong(configs, words, said):
    done = run("plan", "fraud", "--configs", configs, *words)
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)


def test_judge_passes_equal_sides(configs, tmp_path):
    done = run("judge", "--service", "fraud", "--configs", configs, "--from", table(tmp_path / "t.csv", 4000))
    assert done.exit_code == 0, done.output
    assert "errors pass since row" in done.output
    assert "4,000 rows in" in done.output


def test_judge_fails_a_broken_candidate_where_it_broke_and_leaves_a_picture(configs, tmp_path):
    file, out = table(tmp_path / "t.csv", broken=True), tmp_path / "out"
    done = run("judge", "--service", "fraud", "--configs", configs, "--from", file, "--out", out, "--json")
    assert done.exit_code == 1
    errors = json.loads(done.output)["gates"][0]
    assert errors["outcome"] == "fail"
    assert 500 < errors["row"] < 600
    assert errors["time"] == pytest.approx((errors["row"] - 1) / 10)
    kept = json.loads((out / "verdicts.json").read_text())
    assert kept["gates"] == json.loads(done.output)["gates"]
    assert kept["looks"][-1]["row"] == 1500
    assert (out / "verdicts.png").read_bytes().startswith(b"\x89PNG")


def test_judge_is_undecided_without_a_gates_columns(configs, tmp_path):
    done = run(
        "judge", "--service", "fraud", "--configs", configs, "--from", table(tmp_path / "t.csv", 4000, times=False)
    )
    assert done.exit_code == 3
    assert "times unavailable" in done.output
    assert "the table has no column ms" in done.output


def test_judge_sorts_rows_and_says_so(configs, tmp_path):
    file = table(tmp_path / "t.csv", broken=True)
    head, *lines = file.read_text().splitlines()
    file.write_text("\n".join([head, *reversed(lines)]))
    done = run("judge", "--service", "fraud", "--configs", configs, "--from", file)
    assert "not in the order of time" in done.output
    assert "errors fail since row 9" in done.output  # counted from the end, where the table begins
    assert done.exit_code == 1


@pytest.mark.parametrize("command", ["judge", "backtest"])
@pytest.mark.parametrize(
    ("content", "said"), [("side,failed\ncandidate,maybe\n", "row 1: failed: wanted true or false"), ("side\n", "rows")]
)
def test_a_bad_table_is_named(configs, tmp_path, command, content, said):
    file = tmp_path / "t.csv"
    file.write_text(content)
    done = run(command, "--service", "fraud", "--configs", configs, "--from", file)
    assert isinstance(done.exception, ConfigError)
    assert str(done.exception).startswith(str(file))
    assert said in str(done.exception)


def test_backtest_counts_alarms_and_finds(configs, tmp_path):
    words = ["backtest", "--service", "fraud", "--configs", configs, "--from", table(tmp_path / "t.csv", 1200)]
    done, again = (run(*words, "--runs", 3, "--drop", 0.5, "--json") for _ in range(2))
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said == json.loads(again.stdout)
    assert [(gate["gate"], gate["runs"], gate["found"]) for gate in said["gates"]] == [
        ("errors", 3, 3),
        ("times", 3, 3),
    ]
    shown = run(*words, "--runs", 1)
    assert "1 splits of" in shown.output


def test_backtest_stopped_by_hand_shows_what_it_has(configs, tmp_path):
    file = table(tmp_path / "t.csv", 1200)
    command = [Path(sys.executable).with_name("greenramp"), "backtest", "--service", "fraud", "--configs", configs]
    process = subprocess.Popen(
        [*command, "--from", file, "--runs", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored in background jobs
    )
    assert "splitting" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "of 100,000 runs" in output
    assert "interrupted after" in output
    assert "Traceback" not in errors
