"""Log and register models on the tracking server of the environment; run as a program by the tests."""

import json
import sys

import mlflow
import pandas as pd
from mlflow.models import ModelSignature, infer_signature
from mlflow.types import Schema

EXAMPLE = pd.DataFrame({"x": [-3.0, -1.0, 1.0, 3.0]})


def signature_of(order):
    """The columns that an order names, else those of the example."""
    if "columns" in order:
        return ModelSignature(inputs=Schema.from_json(json.dumps(order["columns"])))
    return infer_signature(EXAMPLE, [0, 0, 1, 1]) if order.get("signature", True) else None


def logged(order):
    """Log one model; returns its version, or where it lies if it is not to be registered."""
    registered = order.get("register", True)
    with mlflow.start_run() as run:
        model = mlflow.pyfunc.log_model(
            name="model",
            python_model=order["script"],
            model_config=order.get("config"),
            signature=signature_of(order),
            input_example=EXAMPLE if order.get("example", False) else None,
            registered_model_name=order["model"] if registered else None,
            pip_requirements=order.get("requirements", ["mlflow"]),
        )
        return str(model.registered_model_version) if registered else f"runs:/{run.info.run_id}/model"


sys.stdout.write(f"{json.dumps([logged(order) for order in json.loads(sys.argv[1])])}\n")
