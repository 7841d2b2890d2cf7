"""Time limits that hold on a busy machine, waiting without sleeping blindly, and an MLflow store."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Look again and again until `true()` is; give what it returned."""

    def wait(true: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := true()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.005)
        return value

    return wait


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Make an MLflow store with its artifacts beside it."""
    import mlflow
    from mlflow.tracking import MlflowClient

    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder}/mlflow.db"
    before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
    with contextlib.chdir(folder):  # without a server, artifacts go below the folder the store was first opened in
        MlflowClient(tracking_uri=uri).search_experiments()
    yield uri
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri("")
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
