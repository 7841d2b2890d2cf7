"""The models that the serving benchmark serves, and the request that each is asked."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

COLUMNS = [f"f{number}" for number in range(10)]
ROW = [0.1 * number for number in range(10)]


def _split(rows: int) -> bytes:
    return json.dumps({"dataframe_split": {"columns": COLUMNS, "data": [ROW] * rows}}).encode()


BODIES = {
    "LogisticRegression": _split(1),
    "GradientBoosting": _split(1),
    "HistGradientBoosting": _split(1),
    "tensor": json.dumps({"inputs": [ROW]}).encode(),
    "LogReg-1000-rows": _split(1000),
    "HistGB-1000-rows": _split(1000),
}


def save_models(folder: Path, names: list[str]) -> None:
    """Fit small models on 2,000 rows of 10 numbers, and save them with signatures."""
    import mlflow
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    makers = {"GradientBoosting": GradientBoostingClassifier}
    makers |= dict.fromkeys(["HistGradientBoosting", "HistGB-1000-rows"], HistGradientBoostingClassifier)
    tensor = np.random.default_rng(0).normal(size=(2000, len(COLUMNS)))
    wanted = (tensor.sum(axis=1) > 0).astype(int)
    for name in names:
        data = tensor if name == "tensor" else pd.DataFrame(tensor, columns=COLUMNS)
        model = makers[name]() if name in makers else make_pipeline(StandardScaler(), LogisticRegression())
        model.fit(data, wanted)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.sklearn.save_model(
                model,
                folder / name,
                signature=infer_signature(data, model.predict(data)),
                pip_requirements=["scikit-learn"],  # named, or MLflow loads the model once more to find them
                serialization_format="cloudpickle",
            )
