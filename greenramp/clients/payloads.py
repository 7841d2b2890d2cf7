"""Real inputs of a model: the example it was logged with, else one made from its signature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

_ZERO = {"boolean": False, "integer": 0, "long": 0, "float": 0.0, "double": 0.0, "string": "", "binary": ""}
_MOST_ROWS = 50


def payloads_of(model_path: str) -> list[Any]:
    """Payloads for /invocations, one row each; empty when the model has neither an example nor a signature."""
    folder = Path(model_path)
    example = folder / "serving_input_example.json"
    if example.exists():
        return _rows(json.loads(example.read_text(encoding="utf-8")))
    inputs = signature_inputs(model_path)
    made = _from_signature(inputs) if inputs else None
    return [made] if made is not None else []


def signature_inputs(model_path: str) -> list[dict[str, Any]] | None:
    """What the model's signature says of its inputs, as MLflow writes it; None without one."""
    described = yaml.safe_load((Path(model_path) / "MLmodel").read_text(encoding="utf-8"))
    inputs = (described.get("signature") or {}).get("inputs")
    return list(json.loads(inputs)) if inputs else None


def _rows(payload: Any) -> list[Any]:
    """A payload of many rows as payloads of one row each; a form that is not known stays whole."""
    if isinstance(payload, dict):
        split = payload.get("dataframe_split")
        if isinstance(split, dict) and isinstance(split.get("data"), list) and split["data"]:
            kept = {k: v for k, v in split.items() if k != "index"}
            return [{"dataframe_split": {**kept, "data": [row]}} for row in split["data"][:_MOST_ROWS]]
        for form in ("dataframe_records", "inputs", "instances"):
            rows = payload.get(form)
            if isinstance(rows, list) and rows and isinstance(rows[0], list | dict):
                return [{form: [row]} for row in rows[:_MOST_ROWS]]
    return [payload]


def _from_signature(inputs: list[dict[str, Any]]) -> Any:
    """One row of zeros and empty texts in the signature's form; None when a type is not known."""
    if len(inputs) == 1 and inputs[0].get("type") == "tensor" and "name" not in inputs[0]:
        spec = inputs[0]["tensor-spec"]
        value: Any = "" if spec["dtype"] in ("str", "object") else 0
        for size in reversed(spec["shape"]):
            value = [value] * (1 if size < 0 else size)
        return {"inputs": value}
    if any(column.get("type") not in _ZERO or "name" not in column for column in inputs):
        return None
    return {"dataframe_records": [{column["name"]: _ZERO[column["type"]] for column in inputs}]}
