"""One model that does what a file says, and the real processes that serve it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from greenramp.clients.scoring import Scoring
from greenramp.clients.smokerun.running import run_smoke
from greenramp.clients.smokerun.tested import Tested
from greenramp.config import Smoke
from greenramp.smoke.report import Report

QUICK = {"latency_requests": 10, "endurance_requests": 0, "compare_in_process": False}


class Served(NamedTuple):
    """A model process. fault: the file that says what goes wrong."""

    process: subprocess.Popen
    port: int
    model: Path
    fault: Path

    def smoke(self, fault: str = "", smoke: dict | None = None, **more) -> Report:
        """A smoke test while that is wrong with it; checks that take long are left out unless `smoke` has them."""
        self.fault.write_text(fault)
        told = {
            "version": "7",
            "side": "blue",
            "model_path": str(self.model),
            "addresses": (("127.0.0.1", self.port),),
            "pids": (self.process.pid,),
            "smoke": Smoke(**(QUICK | (smoke or {}))),
            "timeout_seconds": 30,
            **more,
        }
        return run_smoke(Tested(**told), lambda _line: None)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """Save the model, with a signature and an example."""
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    folder = tmp_path_factory.mktemp("faulty") / "model"
    frame = pd.DataFrame({"x": [1.5, 2.25, -3.0], "n": [1, 2, 3], "city": ["Bonn", "01", "Köln, am Rhein"]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow warns of its own imports
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(Path(__file__).with_name("faulty_model.py")),
            signature=infer_signature(frame, [1.0, 2.0]),
            input_example=frame,
            pip_requirements=["mlflow"],
        )
    return folder


@contextmanager
def serve(model, folder):
    """Start a real server for the model and wait for it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fault = folder / "fault"
    fault.write_text("")
    command = [sys.executable, "-m", "greenramp.serving", "--model", str(model), "--service", "fraud"]
    command += [
        "--environment",
        "blue",
        "--model-version",
        "7",
        "--port",
        str(port),
        "--log",
        str(folder / "log.jsonl"),
    ]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen(command, env=os.environ | {"FAULT": str(fault)}, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 60
        while not Scoring(f"http://127.0.0.1:{port}").ready():
            assert process.poll() is None, (folder / "said").read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield Served(process, port, model, fault)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def served(model, tmp_path_factory):
    """The process all tests share; none of them may kill it."""
    with serve(model, tmp_path_factory.mktemp("served")) as one:
        yield one


@pytest.fixture
def doomed(model, tmp_path):
    """A process of its own for a test that kills it."""
    with serve(model, tmp_path) as one:
        yield one


@pytest.fixture
def unsigned(model, tmp_path):
    """The same model logged without a signature, in a process that may be killed."""
    described = yaml.safe_load((model / "MLmodel").read_text())
    del described["signature"]
    copy = shutil.copytree(model, tmp_path / "unsigned")
    (copy / "MLmodel").write_text(yaml.safe_dump(described))
    with serve(copy, tmp_path) as one:
        yield one
