"""One of our serving processes with a small model, which can be stopped, killed and started again on its port."""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

COLUMNS = ["a", "b", "c"]
SLICED = "country"

PLANTED = Path(__file__).with_name("planted_model.py")
_PATIENCE_SECONDS = 60.0
_SLICE = 0.02


def save_linear(folder: Path) -> Path:
    """Save a model that costs next to nothing: three numbers in, one out."""
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    data = pd.DataFrame([[1.0, 2.0, 3.0], [0.0, 1.0, 5.0], [2.0, 2.0, 0.0], [4.0, 1.0, 1.0]], columns=COLUMNS)
    model = LinearRegression().fit(data, [1.0, 2.0, 3.0, 5.0])
    return _saved(
        folder,
        mlflow.sklearn.save_model,
        sk_model=model,
        signature=infer_signature(data, model.predict(data)),
        serialization_format="cloudpickle",
    )


def save_planted(folder: Path, *, sliced: bool = True, **config: Any) -> Path:
    """Save the model of planted_model.py with what it is to do; with `sliced` it also takes the column SLICED."""
    import mlflow
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = [ColSpec("double", name) for name in COLUMNS] + ([ColSpec("string", SLICED)] if sliced else [])
    signature = ModelSignature(inputs=Schema(columns))
    return _saved(folder, mlflow.pyfunc.save_model, python_model=str(PLANTED), model_config=config, signature=signature)


def _saved(folder: Path, save: Callable[..., None], **more: Any) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow and scikit-learn warn of their own imports and of pickles
        save(path=folder, pip_requirements=["mlflow"], **more)  # named, or MLflow loads the model to find them
    return folder


def requests_of(count: int, rows: int = 1, *, sliced: bool = False) -> list[bytes]:
    """Bodies of requests; with `sliced` each row has a country, and one of fifty comes from XX."""
    chance = random.Random(1)  # noqa: S311 - no secret
    return [json.dumps(request_of(chance, rows, sliced=sliced)).encode() for _ in range(count)]


def request_of(chance: random.Random, rows: int = 1, *, sliced: bool = False) -> dict[str, Any]:
    """One request, see requests_of."""

    def row() -> list[Any]:
        numbers = [round(chance.gauss(0, 1), 4) for _ in COLUMNS]
        country = "XX" if chance.random() < _SLICE else chance.choice(["DE", "FR", "PT"])
        return [*numbers, country] if sliced else numbers

    columns = [*COLUMNS, SLICED] if sliced else COLUMNS
    return {"dataframe_split": {"columns": columns, "data": [row() for _ in range(rows)]}}


class ServingProcess:
    """`greenramp.serving` as one side of a service; it writes its prediction log to `log`."""

    def __init__(self, model: Path, service: str, side: str, log: Path, options: Sequence[str] = ()) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.server_address = ("127.0.0.1", int(probe.getsockname()[1]))
        names = ["--service", service, "--environment", side, "--model-version", "7" if side == "blue" else "8"]
        where = ["--port", str(self.server_address[1]), "--log", str(log)]
        self._command = [sys.executable, "-m", "greenramp.serving", "--model", str(model), *names, *where, *options]
        self.launch()

    def launch(self) -> None:
        """Start it; it answers once `wait` is done."""
        environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(self._command, env=environment, stderr=subprocess.DEVNULL)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait(self) -> None:
        """Wait until it answers. Raises SystemExit when it has ended, or takes too long."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"does not serve ({self._process.poll()}): {' '.join(self._command)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it as an orderly stop does. Safe to repeat."""
        self._process.terminate()
        self._process.wait(_PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it as `kill -9` does. Safe to repeat."""
        self._process.kill()
        self._process.wait(_PATIENCE_SECONDS)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(*self.server_address, timeout=5)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
