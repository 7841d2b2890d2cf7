"""A model that is sound until a file says otherwise; saved from this file, so that a server can load it by itself."""

import os
import random
import sys
import time
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModel

KEPT = []


class FaultyModel(PythonModel):
    """Adds three columns up; FAULT names the file that says what goes wrong."""

    calls = rows = once = 0

    def predict(self, context, model_input: pd.DataFrame, params=None):  # noqa: ARG002  (MLflow's signature)
        """One number per row."""
        self.calls += 1
        fault = Path(os.environ["FAULT"]).read_text() if "FAULT" in os.environ else ""
        if fault in ("leave", "die") and isinstance(model_input["x"].iloc[0], str):
            sys.exit(1) if fault == "leave" else os._exit(1)
        city = [len(value) for value in model_input["city"]]
        answers = (model_input["x"] + model_input["n"]).tolist()
        answers = [a + 0.5 * c for a, c in zip(answers, city, strict=True)]
        if fault == "nan":
            answers = [float("nan") if (self.rows + at) % 200 == 199 else a for at, a in enumerate(answers)]
            self.rows += len(answers)
        if fault == "now and then" and self.calls % 20 == 0:
            answers[0] += 0.01
        if fault == "leak":
            KEPT.append(bytearray(random.randbytes(1000) * 300))
        if fault == "once":
            self.once += 1
            KEPT.append(bytearray(random.randbytes(1000) * 60_000) if self.once == 200 else b"")
        if fault == "slow":
            time.sleep(0.06)
        if fault == "crash" and self.calls > 500:
            os._exit(1)
        if fault == "other":
            answers = [a + 1 for a in answers]
        if fault == "rows" and len(answers) > 1:
            answers = [answers[-1], *answers[1:]]
        return answers


mlflow.models.set_model(FaultyModel())
