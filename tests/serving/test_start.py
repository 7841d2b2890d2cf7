"""A server that can't start says why in one line, and by its exit code."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def start(model: Path, folder: Path, *more: str) -> tuple[int, list[str]]:
    """Start a server that can't; return its exit code and what it says."""
    names = ["--service", "fraud", "--environment", "blue", "--model-version", "7"]
    where = ["--model", str(model), "--log", str(folder / "log"), "--port", "0"]
    command = [sys.executable, "-m", "greenramp.serving", *names, *where, *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "true"}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return ended.returncode, ended.stderr.splitlines()


def test_a_model_that_does_not_load_is_named_after_its_traceback(models, tmp_path):
    code, said = start(models["broken"], tmp_path)
    assert code == 3
    assert said[-1] == "greenramp.serving: model version 7 of fraud does not load: RuntimeError: the weights are"
    assert "Traceback (most recent call last):" in said


def test_a_missing_model_is_named(tmp_path):
    code, said = start(tmp_path / "none", tmp_path)
    assert code == 3
    assert said[-1].startswith(
        "greenramp.serving: model version 7 of fraud does not load: FileNotFoundError: no directory"
    )


def test_a_port_in_use_is_named_before_the_model_is_loaded(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = start(tmp_path / "none", tmp_path, "--port", str(port))
    assert code == 4
    assert said == [f"greenramp.serving: can't listen on port {port} of 127.0.0.1: Address already in use"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (["--log", "/nowhere/log"], "can't write the prediction log /nowhere/log: No such file or directory"),
        (["--service", "two\nlines"], "must be printable ASCII"),
        (["--port", "65536"], "must be from 0 to 65535"),
        (["--drain-seconds", "0"], "must be at least 1"),
        (["--log-inputs", "all"], "invalid choice: 'all'"),
        (["--log-columns", "a"], "needs --log-inputs rows"),
        (["--log-inputs", "rows", "--log-columns", "a,"], "must be names, separated by commas: 'a,'"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, wrong, reason):
    code, said = start(tmp_path / "none", tmp_path, *wrong)
    assert code == 2
    assert reason in said[-1]


def test_the_folder_runs_without_the_rest_of_the_project_and_imports_nothing_heavy(tmp_path):
    package = tmp_path / "greenramp"
    shutil.copytree(ROOT / "greenramp" / "serving", package / "serving")
    shutil.copy(ROOT / "greenramp" / "__init__.py", package)
    names = [f"greenramp.serving.{path.stem}" for path in sorted((package / "serving").glob("[a-z_]*.py"))]
    script = f"import sys, {', '.join(names)}; print(greenramp.__file__, 'mlflow' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    line = [sys.executable, "-W", "error", "-c", script]
    ended = subprocess.run(line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [str(package / "__init__.py"), "False"]
