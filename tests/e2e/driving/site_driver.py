"""A real site, driven as a person would: from the command line, the registry and the processes on this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests
import yaml

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.prefectapi import FlowRun, PrefectApi
from greenramp.clients.supervisor import Supervisor
from greenramp.errors import Unreachable
from greenramp.home import Home

PROJECT = Path(__file__).parents[3]
GREENRAMP = Path(sys.executable).parent / "greenramp"

MODEL = """
import mlflow, os, time
{preamble}

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        values = model_input["x"].tolist()
        {body}

mlflow.models.set_model(Model())
"""

BODIES = {
    "good": "return [int(v > 0) for v in values]",
    "better": "return [int(v > 0) for v in values]  # and quicker, they say",
    "wrong": "return [0 for v in values]",
    "failing": "return [int(v > 0) for v in values if v > -50 or 1 / 0]",
    "slow": "time.sleep(0.25 if values[0] > 50 else 0); return [int(v > 0) for v in values]",
}


@dataclass
class Done:
    """A command that has ended. text: both its outputs."""

    code: int
    text: str


@dataclass
class Site:
    """A running site and the means to drive it as a person would, from the command line."""

    home: Home
    configs: Path
    ports: int
    environment: Mapping[str, str]

    def run(self, *words: str, timeout: float = 600) -> Done:
        """A greenramp command."""
        done = subprocess.run(
            [str(GREENRAMP), *words], cwd=PROJECT, env=dict(self.environment), capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout + done.stderr)

    @property
    def router_url(self) -> str:
        return f"http://127.0.0.1:{self.ports}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.ports + 1}"

    @property
    def prefect_url(self) -> str:
        return f"http://127.0.0.1:{self.ports + 2}"

    @property
    def prefect(self) -> PrefectApi:
        return PrefectApi(self.prefect_url)

    def schedule(self, deployment: str, *, on: bool) -> None:
        """Let a deployment run by its schedule, or no more."""
        order = "resume_deployment" if on else "pause_deployment"
        url = f"{self.prefect_url}/api/deployments/{self.prefect.deployment_id(deployment)}/{order}"
        requests.post(url, timeout=60).raise_for_status()

    @property
    def router(self) -> Router:
        return Router(self.home)

    def live_version(self, service: str) -> str | None:
        """The version all traffic goes to, None when nothing serves or traffic is shared."""
        route = self.router.read(service)
        upstream = self.router.upstream(service, route.live) if route.live else None
        return upstream.version if upstream and route.percent == 0 else None

    def start(self, service: str, candidate: str) -> FlowRun:
        """Ask for a release without waiting for it."""
        return self.prefect.run("release/greenramp", {"service": service, "candidate": candidate})

    def ended(self, run: FlowRun, seconds: float = 400) -> FlowRun:
        """Wait until a run has ended; the server may be too busy to say so for a while."""

        def look() -> FlowRun | None:
            try:
                return self.prefect.flow_run(run.id)
            except Unreachable:
                return None

        return until(look, lambda r: r is not None and r.ended, seconds)

    def at_step(self, service: str, step: str, seconds: float = 300) -> None:
        """Wait until a release has come to a step."""
        until(lambda: self.router.read(service).step, lambda s: s == step, seconds)

    def journal(self, run: FlowRun) -> list[dict[str, Any]]:
        """What a release wrote down."""
        return Journal(self.home, next(self.home.journals.glob(f"*-{run.id[:8]}.jsonl")).stem).read()

    def add_service(self, name: str, **changes: Any) -> str:
        """A service with short steps; returns its name, which is also its model's."""
        gate = {"metric": "errors", "name": "errors", "margin": 0.5, "min_requests": 10}
        config = {
            "model": name,
            "shadow": {"enabled": False},
            "ladder": [20, 100],
            "step": {"min_seconds": 2, "deadline_seconds": 120},
            "bake": {"min_seconds": 2, "deadline_seconds": 120},
            "gates": [gate],
            "lease_seconds": 6,
            "triggers": {"alias": None, "stage": None},  # a test that wants them says so
            "smoke": {"endurance_requests": 100, "compare_in_process": False},
            **changes,
        }
        (self.configs / "services" / f"{name}.yaml").write_text(yaml.safe_dump(config))
        return name

    def register(self, model: str, kind: str, **options: Any) -> str:
        """Log and register a model; returns its version."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "model.py"
            body = BODIES.get(kind, options.pop("body", ""))
            script.write_text(MODEL.format(preamble=options.pop("preamble", ""), body=body))
            return self.register_all([{"model": model, "script": str(script), **options}])[0]

    def register_all(self, orders: list[dict[str, Any]]) -> list[str]:
        """Log and register models as register_model.py says, in one process; returns their versions."""
        done = subprocess.run(
            [sys.executable, str(Path(__file__).parent / "register_model.py"), json.dumps(orders)],
            env=dict(self.environment) | {"MLFLOW_TRACKING_URI": self.mlflow_url},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout.strip().splitlines()[-1]))

    def serving(self, service: str, version: str) -> list[str]:
        """The command lines of the processes that serve a version."""
        lines = [_command_line(process) for process in self.processes()]
        return [one for one in lines if f"--service {service} " in one and f"--model-version {version} " in one]

    def programs(self) -> dict[str, int]:
        """What supervisord runs, by name, with its process."""
        return {one.name: one.pid for one in Supervisor(self.home.supervisor_socket).processes() if one.pid}

    def processes(self) -> list[psutil.Process]:
        """Every process that works for this site."""
        return processes_of(self.home)


def until(read: Callable[[], Any], good: Callable[[Any], bool], seconds: float) -> Any:
    """Look until what is read is good; fail with the last look when that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        seen = read()
        if good(seen):
            return seen
        assert time.monotonic() < deadline, f"after {seconds} s still {seen!r}"
        time.sleep(0.1)


def processes_of(home: Home) -> list[psutil.Process]:
    """Processes that have this home in their environment, whoever started them."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("GREENRAMP_HOME") == str(home.root) and process.status() != "zombie":
                found.append(process)
        except psutil.Error:
            continue
    return found


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) + " "
    except psutil.Error:  # it has just ended
        return ""


def free_base() -> int:
    """A port such that the next forty are free too; each test process looks among its own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    for base in range(21_000 + 5_000 * worker, 26_000 + 5_000 * worker, 100):
        if all(_bindable(base + n) for n in range(40)):
            return base
    raise AssertionError("no free ports")


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def prepared_site(folder: Path) -> Site:
    """A site that has not been started: its home, its configuration."""
    configs = folder / "configs"
    (configs / "services").mkdir(parents=True)
    (configs / "sites").mkdir()
    (configs / "sites" / "local.yaml").write_text("kind: local\n")
    home = Home(folder / "home")
    around = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))}
    return Site(home, configs, free_base(), {**around, "GREENRAMP_HOME": str(home.root)})
