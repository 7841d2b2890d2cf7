"""Brings an example's versions into MLflow, on the tracking server of the environment."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from typing import Any

from examples.example import Example, Trained


def register(example: Example, trained: Trained) -> list[str]:
    """Log and register every version with signature and input example; returns their version numbers."""
    with _quiet():
        return [
            _logged(example.service, version.text, trained, model, metrics)
            for version, model, metrics in zip(example.versions, trained.models, trained.metrics, strict=True)
        ]


def _logged(name: str, text: str, trained: Trained, model: Any, metrics: dict[str, float]) -> str:
    import mlflow
    from mlflow.models import infer_signature

    mlflow.set_experiment(f"train-{name}")
    with mlflow.start_run(run_name=text):
        mlflow.log_metrics(metrics)
        logged = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(trained.sample, getattr(model, trained.predict)(trained.sample)),
            input_example=trained.sample,
            registered_model_name=name,
            pyfunc_predict_fn=trained.predict,
        )
    return str(logged.registered_model_version)


@contextlib.contextmanager
def _quiet() -> Any:
    """MLflow talks much while it registers; the example says the same in one line."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="mlflow")
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        yield
