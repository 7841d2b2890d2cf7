"""The drill's model, sound or with a planted fault; MLflow runs this file wherever it loads the model."""

from __future__ import annotations

import os
import time
from typing import Any

import mlflow
from mlflow.pyfunc import PythonModel

_SOON = 350
"""Requests that a process answers before its fault begins: smoke test and shadow are behind it by then, or nearly."""


class DrillModel(PythonModel):  # type: ignore[misc]
    """Says whether numbers are positive; `fault` in its configuration says in what way it is bad."""

    def load_context(self, context: Any) -> None:
        """Take what it was saved with."""
        self._fault = str((context.model_config or {}).get("fault", ""))
        self._asked = 0

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[int]:  # noqa: ARG002  (as MLflow calls it)
        """One answer, 0 or 1, for each row."""
        self._asked += 1
        values = [float(value) for value in model_input["x"].tolist()]
        if self._fault == "slow" and values[0] > 0:
            time.sleep(0.25)
        if self._fault == "crashing" and self._asked > _SOON:
            os._exit(1)
        limit = 0.0
        if self._fault == "wrong":
            limit = 60.0
        if self._fault == "drifting" and self._asked > _SOON:
            limit = min(90.0, (self._asked - _SOON) / 2)
        return [int(value > limit) for value in values]


mlflow.models.set_model(DrillModel())
