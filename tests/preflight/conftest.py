"""MLflow's own parsing and enforcement, by the path that a served request takes."""

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from greenramp.preflight import Signature
from greenramp.preflight.change import Compatibility
from greenramp.preflight.inputs import input_changes

Specs = Sequence[dict[str, Any]]
Rows = list[dict[str, Any]]


class Mlflow:
    """What MLflow gives a model for a request, and what we say of two signatures."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow warns of its own type hints
            from mlflow.models.utils import _enforce_schema
            from mlflow.pyfunc.scoring_server import infer_and_parse_data
            from mlflow.types.schema import Schema
        self._enforce, self._parse, self._schema = _enforce_schema, infer_and_parse_data, Schema

    def served(self, body: Any, specs: Specs) -> Any:
        """Give the model's input for a JSON request; None when MLflow refuses it."""
        schema = self.schema(specs)
        try:
            return self._enforce(self._parse(json.loads(json.dumps(body)), schema), schema)
        except Exception:  # noqa: BLE001  (whatever it is, the scoring server answers with an error)
            return None

    def schema(self, specs: Specs) -> Any:
        """Give MLflow's object for these columns."""
        return self._schema.from_json(json.dumps(list(specs)))

    def worst(self, was: Specs, now: Specs) -> tuple[Compatibility, bool]:
        """Give the worst class of change, and whether a caveat speaks of Parquet."""
        changes = list(input_changes(Signature(tuple(was)), Signature(tuple(now))))
        kind = max((change.kind for change in changes), key=lambda kind: kind.rank, default=Compatibility.COMPATIBLE)
        return kind, any("Parquet" in change.caveat for change in changes)

    def bodies(self, rows: Rows, was: Specs, now: Specs) -> Iterator[Any]:
        """Write the same rows in every form of request, but the one that a removed column is known to break."""
        columns = list(rows[0])
        yield {"dataframe_records": rows}
        yield {"dataframe_split": {"columns": columns, "data": [[row[c] for c in columns] for row in rows]}}
        yield {"inputs": {c: [row[c] for row in rows] for c in columns}}
        yield {"instances": rows}
        yield {"inputs": rows}
        if {one["name"] for one in was} <= {one["name"] for one in now}:
            yield {"inputs": rows[0]}
        if len(columns) == 1:
            yield {"inputs": [row[columns[0]] for row in rows]}
            yield {"instances": [row[columns[0]] for row in rows]}

    def pairs(self, rows: Rows, was: Specs, now: Specs) -> Iterator[tuple[Any, Any, Any]]:
        """Give each request that `was` takes, what it makes of it, and what `now` does.

        Where all columns are optional, MLflow takes a bare list and drops it: such a request says nothing.
        """
        for body in self.bodies(rows, was, now):
            before = self.served(body, was)
            if before is not None and len(before.columns):
                yield body, before, self.served(body, now)


@pytest.fixture(scope="session")
def mlflow_says() -> Iterator[Mlflow]:
    """Ask MLflow itself, which tells of every ignored column in its log."""
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    yield Mlflow()
    logger.setLevel(level)
