"""A model that does what its first cell says; saved from this file, so that a server can load it by itself."""

import time
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel


class OddModel(PythonModel):
    """Takes rows of `what` and `how`; takes chat messages too."""

    def load_context(self, context):
        """Refuse to load when the artifact says so."""
        if context.artifacts and "broken" in context.artifacts:
            raise RuntimeError("the weights are\nnot those of this model")

    def predict(self, model_input: pd.DataFrame):  # without a type hint MLflow warns
        """Answer, or misbehave."""
        if isinstance(model_input, dict):
            return {"choices": [{"content": str(model_input["messages"])}]}
        what, how = model_input.iloc[0, 0], model_input.iloc[0, 1]
        return {"repeat": repeat, "wait": wait, "fail": fail, "odd": odd}[what](how)


def repeat(how):
    """Return a string of that length."""
    return ["x" * int(how)]


def wait(how):
    """Say in a file that the prediction has begun; return once the test says, in another file, that it may end."""
    Path(f"{how}.begun").touch()
    until = time.monotonic() + 60
    while not Path(f"{how}.end").exists() and time.monotonic() < until:
        time.sleep(0.01)
    return ["waited"]


def fail(how):
    """Raise one or the other."""
    raise SystemExit("the model wants to leave") if how == "exit" else RuntimeError("the model fails")


def odd(how):
    """Return what JSON does not have."""
    return object() if how == "object" else [float("nan"), float("inf"), None, "NaN"]


mlflow.models.set_model(OddModel())
