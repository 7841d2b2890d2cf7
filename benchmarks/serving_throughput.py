"""Measures requests per second of greenramp.serving against MLflow's own scoring app, both under uvicorn.

Run `python benchmarks/serving_throughput.py`. The two servers take turns under the same load, round by round, so that
what else the machine does falls on both; the table gives the median of the rounds and of their ratios.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COLUMNS = [f"f{number}" for number in range(10)]
ROW = [0.1 * number for number in range(10)]
PAYLOADS = {
    "DataFrame": json.dumps({"dataframe_split": {"columns": COLUMNS, "data": [ROW]}}),
    "tensor": json.dumps({"inputs": [ROW]}),
}


def save_models(folder: Path) -> None:
    """Save a small pipeline twice: with a DataFrame signature and with a tensor signature."""
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    tensor = np.random.default_rng(0).normal(size=(500, len(COLUMNS)))
    wanted = (tensor.sum(axis=1) > 0).astype(int)
    for kind, data in {"DataFrame": pd.DataFrame(tensor, columns=COLUMNS), "tensor": tensor}.items():
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data, wanted)
        signature = infer_signature(data, model.predict(data))
        mlflow.sklearn.save_model(model, folder / kind, signature=signature, serialization_format="cloudpickle")


def ours(model: Path, port: int) -> list[str]:
    """Give the command that serves `model` with Greenramp, prediction log and all."""
    names = ["--service", "bench", "--environment", "blue", "--model-version", "1"]
    where = ["--port", str(port), "--log", f"{model}.log"]
    return [sys.executable, "-m", "greenramp.serving", "--model", str(model), *names, *where]


def plain(_model: Path, port: int) -> list[str]:
    """Give the command that serves the model with MLflow's app, like `mlflow models serve` without access log."""
    quiet = ["--log-level", "warning", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", "mlflow.pyfunc.scoring_server.app:app", "--port", str(port), *quiet]


@contextmanager
def running(command: list[str], model: Path, port: int) -> Iterator[int]:
    """Run a server until the block ends; yield its port once it answers."""
    server = subprocess.Popen(command, env={**os.environ, "__pyfunc_model_path__": str(model)})
    try:
        while post(http.client.HTTPConnection("127.0.0.1", port), "GET", "/ping") != 200:
            if server.poll() is not None:
                raise SystemExit(f"server ended with {server.returncode}: {command}")
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait()


def post(connection: http.client.HTTPConnection, method: str, path: str, body: str | None = None) -> int:
    """Make one request; return its status, 0 when nobody listens."""
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
    except ConnectionRefusedError:
        return 0
    answer = connection.getresponse()
    answer.read()
    return answer.status


def requests_per_second(port: int, payload: str, connections: int, seconds: float) -> float:
    """Load a server with `connections` clients that each wait for their answer, for `seconds`."""
    counts = [0] * connections
    until = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while time.perf_counter() < until:
            if post(connection, "POST", "/invocations", payload) != 200:
                raise SystemExit("a request was not answered with 200")
            counts[number] += 1

    clients = [threading.Thread(target=client, args=(number,)) for number in range(connections)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return sum(counts) / seconds


def free_port() -> int:
    """Find a port nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def compare(model: Path, payload: str, connections: int, rounds: int, seconds: float) -> list[tuple[float, float]]:
    """Measure both servers in turns; return pairs of requests per second: MLflow's app, ours."""
    one, other = free_port(), free_port()
    with running(plain(model, one), model, one), running(ours(model, other), model, other):
        for port in (one, other):
            requests_per_second(port, payload, connections, seconds / 2)  # warm up
        return [
            (
                requests_per_second(one, payload, connections, seconds),
                requests_per_second(other, payload, connections, seconds),
            )
            for _ in range(rounds)
        ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a round")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        save_models(Path(folder))
        sys.stdout.write(f"requests/s, {args.connections} connections, 1 row, median of {args.rounds} rounds\n")
        sys.stdout.write(f"{'signature':<12}{'MLflow app':>12}{'greenramp':>12}{'ratio (lowest - highest)':>28}\n")
        for kind, payload in PAYLOADS.items():
            pairs = compare(Path(folder) / kind, payload, args.connections, args.rounds, args.seconds)
            theirs, mine = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratios = sorted(mine / theirs for theirs, mine in pairs)
            spread = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} - {ratios[-1]:.2f})"
            sys.stdout.write(f"{kind:<12}{theirs:>12.0f}{mine:>12.0f}{spread:>28}\n")


if __name__ == "__main__":
    main()
