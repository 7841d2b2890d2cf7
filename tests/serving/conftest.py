"""Real models saved with MLflow, and the applications that serve them inside the test process."""

import resource
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from greenramp.serving.identity import Identity
from greenramp.serving.loading import load_app
from greenramp.serving.logline import Scored

ODD_MODEL = Path(__file__).with_name("odd_model.py")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Save one model of each kind; give their folders by name: frame, tensor, odd, broken."""
    folder = tmp_path_factory.mktemp("models")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow and scikit-learn warn of their own imports and of pickles
        _save_sklearn(folder)
        _save_odd(folder)
    return {path.name: path for path in folder.iterdir()}


def _save_sklearn(folder: Path) -> None:
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    frame = pd.DataFrame({"age": [20, 30, 40], "income": [1.5, 2.5, 0.5], "city": ["Bonn", "Ulm", "Bonn"]})
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), ["city"]), remainder="passthrough")
    regression = make_pipeline(encode, LinearRegression()).fit(frame, [1.0, 2.0, 3.0])
    tensor = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 4.0]])
    plain = LinearRegression().fit(tensor, [1.0, 2.0, 3.0])
    for name, model, data in [("frame", regression, frame), ("tensor", plain, tensor)]:
        signature = infer_signature(data, model.predict(data))
        requirements = ["scikit-learn"]  # named, or MLflow loads the model once more to find them
        mlflow.sklearn.save_model(
            model, folder / name, signature=signature, pip_requirements=requirements, serialization_format="cloudpickle"
        )


def _save_odd(folder: Path) -> None:
    import mlflow

    for name, artifacts in {"odd": None, "broken": {"broken": str(ODD_MODEL)}}.items():
        mlflow.pyfunc.save_model(
            folder / name, python_model=str(ODD_MODEL), artifacts=artifacts, pip_requirements=["mlflow"]
        )


class App:
    """A model's application beside MLflow's own for the same model; both answer inside the test process."""

    def __init__(self, model: Path) -> None:
        from mlflow.pyfunc import load_model, scoring_server

        self.records: list[Scored] = []
        self.ours, self._workers = load_app(model, Identity("fraud", "blue", "7"), self.records.append, 100_000)
        self.mlflows = scoring_server.init(load_model(str(model)))

    async def ask(self, app: Any, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask one of the two applications."""
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://model") as client:
            return await client.request(method, path, **more)

    def close(self) -> None:
        """End the threads that predict."""
        assert self._workers.close()


@pytest.fixture(scope="session")
def app_of(models: Mapping[str, Path]) -> Iterator[Callable[[str], App]]:
    """Load a model by its name, once for all tests."""
    loaded: dict[str, App] = {}

    def load(name: str) -> App:
        if name not in loaded:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what MLflow warns of while it loads is not ours
                loaded[name] = App(models[name])
        return loaded[name]

    yield load
    for app in loaded.values():
        app.close()


@pytest.fixture
def largest_file() -> Callable[[int], AbstractContextManager[None]]:
    """Make the system refuse to let any file of this process grow beyond some bytes, like a disk that is full."""

    @contextmanager
    def limited_to(size: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited_to
