"""What preflight says of a version, as `plan --version` shows it: against a real MLflow server."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import warnings

import pytest
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.routes import route_file
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

CODE = "def _load_pyfunc(path):\n    raise RuntimeError('preflight loads no model')\n"
SERVICE = """
model: {model}
step: {{min_seconds: 60, deadline_seconds: 3600}}
gates:
  - {{name: errors, metric: errors, max_rate: 0.5, role: require}}
"""


@pytest.fixture(scope="module")
def mlflow_port(eventually, tmp_path_factory):
    """A server that keeps the artifacts too, as a site's does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path_factory.mktemp('server')}/mlflow.db"]
    command += ["--artifacts-destination", str(tmp_path_factory.mktemp("artifacts"))]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}, **quiet)

    def healthy():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    eventually(healthy, "MLflow's server answers", seconds=120)
    yield port
    process.terminate()
    process.wait(timeout=30)


@pytest.fixture(scope="module")
def model(mlflow_port, tmp_path_factory):
    """A model of three versions: the second lacks a column, the third has one retyped."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    code = tmp_path_factory.mktemp("code") / "loading.py"
    code.write_text(CODE)
    mlflow.set_tracking_uri(f"http://127.0.0.1:{mlflow_port}")
    mlflow.set_registry_uri(f"http://127.0.0.1:{mlflow_port}")
    experiment = mlflow.create_experiment("kept by the server")
    for columns in ({"a": "double", "b": "long"}, {"a": "double"}, {"a": "double", "b": "string"}):
        schema = Schema([ColSpec(kind, name) for name, kind in columns.items()])
        with warnings.catch_warnings(), mlflow.start_run(experiment_id=experiment):
            warnings.simplefilter("ignore")  # MLflow warns of its own imports
            mlflow.pyfunc.log_model(
                name="model",
                loader_module="loading",
                code_paths=[str(code)],
                pip_requirements=["mlflow"],
                signature=ModelSignature(schema),
                registered_model_name="fraud of the plan",
            )
    return "fraud of the plan"


@pytest.fixture
def configs(tmp_path, monkeypatch, mlflow_port, model):
    """A site where version 1 serves."""
    home = Home(tmp_path / "home")
    home.xds.mkdir(parents=True)
    live = Upstream("fraud", Side.BLUE, (("127.0.0.1", 1),), "1")
    write_json(home.xds / "rds.json", route_file([Route("fraud", live=Side.BLUE)], 1))
    write_json(home.xds / "cds.json", cluster_file([live], 1))
    ports = dict.fromkeys(("router_port", "prefect_port", "outcomes_port", "first_environment_port"), 1)
    folder = tmp_path / "configs"
    SiteSettings(home, "local", tmp_path, folder, mlflow_port=mlflow_port, **ports).write()
    monkeypatch.setenv("GREENRAMP_HOME", str(home.root))
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "fraud.yaml").write_text(SERVICE.format(model=model))
    return folder


def run(*words):
    return CliRunner().invoke(app, ["plan", "fraud", *(str(word) for word in words)])


def test_a_version_is_compared_with_the_one_that_serves_and_nothing_is_copied(configs, tmp_path):
    done = run("--version", "2", "--json")
    assert done.exit_code == 0, done.output
    said = {row["check"]: row for row in json.loads(done.stdout)["preflight"]}
    assert "column b is not used any more" in said["inputs"]["sentence"]
    assert said["champion"]["champion"] == "1"
    assert said["digest"]["severity"] == "note"
    assert not (tmp_path / "home" / "models").exists()


def test_a_version_that_would_be_refused_ends_with_3(configs):
    done = run("--version", "3")
    assert done.exit_code == 3, done.output
    said = " ".join(done.output.split())
    for words in ("preflight", "inputs", "refuse", "long", "string"):
        assert words in said


def test_traffic_by_hand_is_shown_beside_it(configs):
    done = run("--version", "2", "--rate", 100, "--base-rate", "errors=0.01")
    assert done.exit_code == 0, done.output
    assert "the ladder" in done.output


@pytest.mark.parametrize(
    ("wish", "words"), [("9", "has no version 9; versions: 1, 2, 3"), ("runs:/" + "0" * 32 + "/model", "is no version")]
)
def test_a_wish_that_means_no_version_is_refused(configs, wish, words):
    done = run("--version", wish)
    assert isinstance(done.exception, ConfigError)
    assert words in str(done.exception)
