"""Predicts with a model, without a server; sent to the model's own Python as text, so it imports nothing of ours.

Arguments: the model's folder, a file with a JSON list of payloads, the file to write the list of predictions to.
"""

import io
import json
import sys
from pathlib import Path


def main(model_path: str, payloads: str, results: str) -> None:
    """Parse each payload as MLflow does, ask the model, write what it says as MLflow does."""
    from mlflow.pyfunc import load_model
    from mlflow.pyfunc.scoring_server import infer_and_parse_data, predictions_to_json

    model = load_model(model_path)
    schema = model.metadata.get_input_schema()
    asked = json.loads(Path(payloads).read_text(encoding="utf-8"))
    said = []
    for payload in asked:
        params = payload.pop("params", None)
        answer = model.predict(infer_and_parse_data(payload, schema), **({"params": params} if params else {}))
        text = io.StringIO()
        predictions_to_json(answer, text)
        said.append(json.loads(text.getvalue())["predictions"])
    Path(results).write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
