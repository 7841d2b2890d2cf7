"""greenramp expectations, as it is typed; the library's import takes seconds, so few commands here run a suite."""

import csv
import json
import random
import warnings
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.clients.envoy.routes import route_file
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

ROOT = Path(__file__).parents[2]
SUITE = """
expectations:
  - expect_column_values_to_be_between: {column: prediction, min_value: 0, max_value: 9}
"""


@pytest.fixture(scope="module", autouse=True)
def library():
    """Import it once, here: it uses what its own dependencies call deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations  # noqa: F401


@pytest.fixture
def configs(tmp_path, monkeypatch):
    monkeypatch.setenv("GREENRAMP_HOME", str(tmp_path / "home"))
    folder = tmp_path / "configs"
    (folder / "services").mkdir(parents=True)
    (folder / "expectations").mkdir()
    (folder / "services" / "fraud.yaml").write_text(
        "model: fraud\ngates: [{name: errors, metric: errors, margin: 0.5}]\n"
    )
    return folder


def run(*words):
    return CliRunner().invoke(app, ["expectations", *(str(word) for word in words)])


def table(path, predictions, side="champion"):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ts", "side", "failed", "prediction"])
        writer.writerows([n, side, "false", value] for n, value in enumerate(predictions))
        writer.writerow([len(predictions), side, "true", ""])
    return path


@pytest.mark.parametrize(
    ("predictions", "code", "said"),
    [
        ([1, 2, 9], 0, "answers is pass: 1 of 1 expectation met on 4 rows"),
        ([1, 12], 1, "prediction between 0 and 9: 1 of 2 values are not, e.g. 12"),
        (["a", "b"], 2, "answers is invalid"),
    ],
    ids=["as expected", "not so", "not to be told"],
)
def test_a_suite_is_run_on_a_table_and_the_exit_code_tells(configs, tmp_path, predictions, code, said):
    (configs / "expectations" / "fraud_answers.yaml").write_text(SUITE)
    file = table(tmp_path / "t.csv", predictions)
    done = run("run", "fraud", "--suite", "answers", "--from", file, "--configs", configs)
    assert done.exit_code == code, done.output
    assert said in done.output
    as_json = run("run", "fraud", "--suite", "answers", "--from", file, "--configs", configs, "--json")
    assert as_json.exit_code == code
    assert len(json.loads(as_json.output)["findings"]) == 1


def test_a_table_without_rows_and_an_unknown_suite_are_bad_input(configs, tmp_path):
    (configs / "expectations" / "fraud_answers.yaml").write_text(SUITE)
    empty = tmp_path / "t.csv"
    empty.write_text("prediction\n")
    for name, said in (("answers", "no rows"), ("inputs", "its suites: answers")):
        done = run("run", "fraud", "--suite", name, "--from", empty, "--configs", configs)
        assert isinstance(done.exception, ConfigError)  # of which main() makes exit code 2
        assert said in str(done.exception)


def test_a_draft_is_printed_and_written_once_and_passes_on_its_own_table(configs, tmp_path):
    chance = random.Random(5)
    file = table(tmp_path / "t.csv", [chance.gauss(10, 2) for _ in range(500)])
    words = ["draft", "fraud", "--from", file, "--configs", configs]
    printed = run(*words)
    assert printed.exit_code == 0, printed.output
    assert not list((configs / "expectations").iterdir())
    assert run(*words, "--write").exit_code == 0
    written = configs / "expectations" / "fraud_answers.yaml"
    assert yaml.safe_load(written.read_text()) == yaml.safe_load(printed.stdout)
    again = run(*words, "--write")
    assert "is there already and is not written over" in str(again.exception)
    assert run(*words, "--write", "--name", "sizes").exit_code == 0
    assert run("check", "--configs", configs).exit_code == 0
    for name, predictions, code in (("same", None, 0), ("drifted", [chance.gauss(20, 2) for _ in range(500)], 1)):
        used = table(tmp_path / f"{name}.csv", predictions) if predictions else file
        assert run("run", "fraud", "--suite", "answers", "--from", used, "--configs", configs).exit_code == code


def test_only_the_champions_rows_are_drafted_from(configs, tmp_path):
    file = table(tmp_path / "t.csv", [1.5] * 500, side="candidate")
    done = run("draft", "fraud", "--from", file, "--configs", configs)
    assert "wanted at least 50 rows to draft from; seen: 0" in str(done.exception)


def test_the_serving_versions_answers_are_drafted_from(configs, tmp_path):
    home = Home(tmp_path / "home")
    for folder in (home.predictions, home.xds):
        folder.mkdir(parents=True)
    (home.xds / "rds.json").write_text(json.dumps(route_file([Route("fraud", live=Side.BLUE)], 1)))
    row = {"environment": "blue", "version": "3", "ms": 2.0}
    answered = [{**row, "ts": n, "status": 200, "rows": 1, "predictions": [n % 3]} for n in range(300)]
    refused = [{**row, "ts": 300, "status": 400, "rows": None, "predictions": None, "error": "no column age"}]
    lines = "".join(json.dumps(one) + "\n" for one in answered + refused)
    (home.predictions / "fraud.blue.0.jsonl").write_text(lines)
    done = run("draft", "fraud", "--configs", configs)
    assert done.exit_code == 0, done.output
    suite = yaml.safe_load(done.stdout)
    assert suite["description"] == "Drafted from 301 rows of answers of the serving version"
    kinds = {kind.removeprefix("expect_column_"): one for found in suite["expectations"] for kind, one in found.items()}
    assert kinds["values_to_be_in_set"]["value_set"] == [0, 1, 2]
    assert kinds["values_to_not_be_null"]["mostly"] >= 0.98
    assert {one["row_condition"] for one in kinds.values()} == {"failed == False"}


def test_without_a_version_that_serves_there_is_nothing_to_draft_from(configs):
    assert "no version serves yet" in str(run("draft", "fraud", "--configs", configs).exception)


@pytest.mark.parametrize("name", ["../x", "a_b", "A"])
def test_a_suites_name_can_not_leave_its_folder(configs, tmp_path, name):
    file = table(tmp_path / "t.csv", [n / 7 for n in range(500)])
    done = run("draft", "fraud", "--from", file, "--configs", configs, "--write", "--name", name)
    assert "wanted small letters, digits and -" in str(done.exception)
    assert not list((configs / "expectations").iterdir())


def test_check_names_what_only_the_library_knows_to_be_wrong(configs):
    good, bad = (configs / "expectations" / f"fraud_{name}.yaml" for name in ("answers", "inputs"))
    good.write_text(SUITE)
    bad.write_text("expectations:\n  - expect_column_values_to_not_be_null: {column: p, mostly: 3}\n")
    done = run("check", "--configs", configs)
    assert done.exit_code == 2
    assert f"{good}: fine" in done.output
    assert (
        f"{bad}: expectations.0.expect_column_values_to_not_be_null: mostly: ensure this value is less" in done.output
    )


def test_check_names_a_file_that_does_not_load_and_goes_on(configs):
    (configs / "expectations" / "fraud_answers.yaml").write_text("expectations: []\n")
    (configs / "expectations" / "fraud_inputs.yaml").write_text(SUITE)
    done = run("check", "--configs", configs)
    assert done.exit_code == 2
    assert "expectations: Tuple should have at least 1 item" in done.output
    assert "fraud_inputs.yaml: fine" in done.output


def test_the_suites_of_this_project_are_without_fault():
    done = run("check", "--configs", ROOT / "configs")
    assert done.exit_code == 0, done.output
    assert "digits_answers.yaml: fine" in done.output
