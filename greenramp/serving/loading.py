"""Loads a model from a directory and builds what answers for it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from greenramp.serving.app import Limits, ServingApp
from greenramp.serving.identity import Identity
from greenramp.serving.logline import Scored
from greenramp.serving.scoring import Scorer
from greenramp.serving.trial import shortcut_for
from greenramp.serving.workers import Workers


def load_app(
    model_path: Path,
    identity: Identity,
    record: Callable[[Scored], None],
    max_body_bytes: int,
    keep_inputs: bool = False,
    keep_headers: Sequence[str] = (),
) -> tuple[ServingApp, Workers]:
    """Load the pyfunc model at `model_path`; return the application and the threads that are to be closed at the end.

    Raises whatever MLflow or the model's own code raises, and FileNotFoundError when there is no such directory.
    """
    if not model_path.is_dir():  # else MLflow takes it for a registry address
        raise FileNotFoundError(f"no directory {model_path}")
    from fastapi import FastAPI
    from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
    from mlflow.pyfunc import load_model, scoring_server

    model = load_model(str(model_path.resolve()))
    mlflow_app = scoring_server.init(model)
    if not isinstance(mlflow_app, FastAPI):
        raise TypeError("the MLflow of the model's requirements is too old: its scoring server is not FastAPI")
    timeout_seconds = MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.get()
    workers = Workers()
    scorer = Scorer(model, workers, shortcut_for(model))
    limits = Limits(max_body_bytes, timeout_seconds)
    return ServingApp(mlflow_app, scorer, identity, record, limits, keep_inputs, keep_headers), workers
