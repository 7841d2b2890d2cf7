"""Log and register one model on the tracking server of the environment; run as a program by the tests."""

import json
import sys

import mlflow
import pandas as pd
from mlflow.models import infer_signature

order = json.loads(sys.argv[1])
example = pd.DataFrame({"x": [-3.0, -1.0, 1.0, 3.0]})
signature = infer_signature(example, [0, 0, 1, 1]) if order.get("signature", True) else None
with mlflow.start_run():
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=order["script"],
        signature=signature,
        input_example=example if order.get("example", False) else None,
        registered_model_name=order["model"] if order.get("register", True) else None,
        pip_requirements=order.get("requirements", ["mlflow"]),
    )
    run_id = mlflow.active_run().info.run_id
registered = order.get("register", True)
sys.stdout.write(f"{logged.registered_model_version if registered else f'runs:/{run_id}/model'}\n")
