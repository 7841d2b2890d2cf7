"""Measures `greenramp.serving` against `mlflow models serve`, and against MLflow's app without its access log.

Run `python -m benchmarks.serving`. The servers take turns under the same load, round by round, so that what else the
machine does falls on all; the tables give medians of the rounds, and of the rounds' ratios to `mlflow models serve`.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dataplane.processes import cpu_seconds, free_port
from benchmarks.serving_load import closed_loop
from benchmarks.serving_models import BODIES, save_models


def mlflow_models_serve(model: Path, port: int) -> list[str]:
    """MLflow as its documentation says, with one worker like ours."""
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--env-manager", "local"]
    return [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(model), *where]


def mlflow_app(_model: Path, port: int) -> list[str]:
    """MLflow's app alone, without access log."""
    quiet = ["--log-level", "warning", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", "mlflow.pyfunc.scoring_server.app:app", "--port", str(port), *quiet]


def greenramp(model: Path, port: int) -> list[str]:
    """Ours, prediction log and all."""
    names = ["--service", "bench", "--environment", "blue", "--model-version", "1"]
    where = ["--port", str(port), "--log", f"{model}.log"]
    return [sys.executable, "-m", "greenramp.serving", "--model", str(model), *names, *where]


SERVERS: Mapping[str, Callable[[Path, int], list[str]]] = {
    "mlflow models serve": mlflow_models_serve,
    "MLflow's app, no log": mlflow_app,
    "greenramp": greenramp,
}


@contextmanager
def running(command: list[str], model: Path, port: int) -> Iterator[tuple[int, int]]:
    """Run a server until the block ends; yield its port and process once it answers."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # MLflow looks for uvicorn there
    environment = {**os.environ, "PATH": path, "__pyfunc_model_path__": str(model), "PYTHONWARNINGS": "ignore"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            if server.poll() is not None:
                raise SystemExit(f"server ended with {server.returncode}: {command}")
            time.sleep(0.2)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def answers(port: int) -> bool:
    """Whether a server says that it is well."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    per_second: float
    p50_ms: float
    cpu_ms: float  # processor time of the server and those it started, per request


def measure(port: int, pid: int, body: bytes, connections: int, seconds: float) -> Round:
    """Load one server."""
    began, cpu_began = time.perf_counter(), cpu_seconds(pid)
    times = closed_loop(port, body, connections, seconds)
    cpu = cpu_seconds(pid) - cpu_began
    took = time.perf_counter() - began
    return Round(len(times) / took, 1000 * statistics.median(times), 1000 * cpu / len(times))


def compare(model: Path, body: bytes, connections: list[int], rounds: int, seconds: float) -> None:
    """Measure all servers in turns, and print a line for each."""
    with ExitStack() as up:
        ports = [free_port() for _ in SERVERS]
        commands = [command(model, port) for command, port in zip(SERVERS.values(), ports, strict=True)]
        servers = [up.enter_context(running(c, model, port)) for c, port in zip(commands, ports, strict=True)]
        for many in connections:
            for port, pid in servers:
                measure(port, pid, body, many, seconds / 2)  # warm up
            done = [[measure(port, pid, body, many, seconds) for port, pid in servers] for _ in range(rounds)]
            for number, name in enumerate(SERVERS):
                mine = [each[number] for each in done]
                ratios = sorted(each[number].per_second / each[0].per_second for each in done)
                print_line(model.name, many, name, mine, ratios)


def print_line(model: str, connections: int, name: str, mine: list[Round], ratios: list[float]) -> None:
    """Print the medians of one server's rounds."""
    per_second, p50, cpu = (
        statistics.median(v) for v in zip(*((r.per_second, r.p50_ms, r.cpu_ms) for r in mine), strict=True)
    )
    spread = f"{statistics.median(ratios):6.2f} ({ratios[0]:.2f} - {ratios[-1]:.2f})"
    sys.stdout.write(f"{model:<22}{connections:>4}  {name:<22}{per_second:>9.0f}{p50:>9.2f}{cpu:>9.2f}   {spread}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, nargs="+", default=[16, 1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a round")
    parser.add_argument("--models", nargs="+", choices=sorted(BODIES), default=list(BODIES), metavar="MODEL")
    args = parser.parse_args()
    sys.stdout.write(
        f"medians of {args.rounds} rounds of {args.seconds:g} s; one worker each; p50 and processor time in ms\n"
    )
    heading = f"{'requests/s':>11}{'p50':>7}{'CPU':>9}   ratio (lowest - highest)"
    sys.stdout.write(f"{'model and request':<22}{'conn':>4}  {'server':<20}{heading}\n")
    with tempfile.TemporaryDirectory() as folder:
        save_models(Path(folder), args.models)
        for name in args.models:
            compare(Path(folder) / name, BODIES[name], args.connections, args.rounds, args.seconds)


if __name__ == "__main__":
    main()
