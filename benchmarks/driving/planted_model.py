"""A small model that does what it was saved to do wrong; saved from this file, so that a server loads it by itself."""

import os
import random
import time

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc import PythonModel

COLUMNS = ["a", "b", "c"]
SLICED = "country"
_WEIGHTS = np.array([3.0, -2.0, 1.5])


class PlantedModel(PythonModel):
    """One answer a row: a number, or with `classes` one of ten classes. ms: what a prediction takes, without work.

    others: percent of the classes that a retrained model answers otherwise.
    """

    def load_context(self, context):
        """Take what it was saved with."""
        self._config = {"classes": False, "ms": 0.0, "fault": "", "others": 3, **(context.model_config or {})}
        self._asked = 0

    def predict(self, context, model_input: pd.DataFrame, params=None):  # noqa: ARG002 - as MLflow calls it
        """Answer, wrongly where a fault is planted."""
        if self._config["ms"]:
            time.sleep(self._config["ms"] / 1000)
        values = 20 + model_input[COLUMNS].to_numpy(dtype=float) @ _WEIGHTS
        fault = self._config["fault"]
        self._asked += 1
        if fault == "crash" and self._asked >= 500:
            os._exit(1)
        if self._config["classes"]:
            classes = np.floor(values * 7.3).astype(int) % 10
            if fault == "shifted":
                classes = (classes + 1) % 10
            elif fault == "half the classes":
                classes = classes % 5
            elif fault == "draws lots":
                classes = (classes + (random.random() < 0.05)) % 10  # noqa: S311 - no secret
            elif fault == "bad slice":
                classes = np.where(model_input[SLICED] == "XX", (classes + 3) % 10, classes)
            elif fault == "retrained":
                classes = np.where(np.floor(values * 7919) % 100 < self._config["others"], (classes + 1) % 10, classes)
            return classes
        if fault == "scaled":
            values = values * 16
        elif fault == "not a number":
            values = np.where(np.floor(values * 7919) % 200 < 1, np.nan, values)
        elif fault == "retrained":
            values = values + 0.2 * np.sin(values * 7919)
        return values


mlflow.models.set_model(PlantedModel())
