"""Logs and registers the drill's models; a program of its own, since MLflow takes seconds to import and talks much."""

from __future__ import annotations

import json
import sys
from pathlib import Path

MODEL = Path(__file__).with_name("model.py")


def main(model: str, faults: list[str]) -> list[str]:
    """Register one version for each fault, `""` for a sound one; returns their numbers."""
    import mlflow
    import pandas as pd
    from mlflow.models import infer_signature

    example = pd.DataFrame({"x": [-3.0, -1.0, 1.0, 3.0]})
    mlflow.set_experiment(f"train-{model}")
    found = []
    for fault in faults:
        with mlflow.start_run(run_name=fault or "sound"):
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(MODEL),
                model_config={"fault": fault},
                signature=infer_signature(example, [0, 0, 1, 1]),
                input_example=example,
                registered_model_name=model,
                pip_requirements=["mlflow"],
            )
        found.append(str(logged.registered_model_version))
    return found


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(main(sys.argv[1], sys.argv[2:]))}\n")
