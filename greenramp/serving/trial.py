"""Tries, when a model is loaded, for which requests the short way gives a model exactly what MLflow's own way does."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

from greenramp.serving.arraytwin import array_twin
from greenramp.serving.plaincolumns import KINDS, PlainColumns
from greenramp.serving.plainrows import FORMS, Form
from greenramp.serving.shortcut import JSON, Shortcut

_PROBES: dict[str, list[Any]] = {
    "double": [0.1, -3, None, 1e300],
    "float": [0.1, -3, 0.0, 1e30],
    "long": [0, -3, 2**62, 7],
    "integer": [0, -3, 2**30, 7],
    "boolean": [True, False, False, True],
    "string": ["a", "", "é\n", "1"],
}

_logger = logging.getLogger(__name__)


def shortcut_for(model: Any) -> Shortcut | None:
    """Find the short way for a loaded PyFuncModel; None when its signature has other than plain named columns.

    It is tried with the MLflow and pandas at hand, on a model that keeps what it is given; a form of request for which
    that is not the same both ways is left out.
    """
    types = _plain_types(model.metadata.get_input_schema())
    if types is None:
        return None
    trial = _Trial(model.metadata, PlainColumns(types))
    forms = {key: form for key, form in FORMS.items() if all(map(trial.is_same, _bodies(key, form, types)))}
    twin = array_twin(model, list(types)) if set(types.values()) == {"double"} else None
    return Shortcut(model, PlainColumns(types), forms, twin)


def _plain_types(schema: Any) -> dict[str, str] | None:
    """Give the type of each column by its name; None when there is one that is not plain."""
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names():
        return None
    types = {column.name: getattr(column.type, "name", "") for column in schema.inputs}
    return types if types and len(types) == len(schema.inputs) and set(types.values()) <= KINDS.keys() else None


def _bodies(key: str, form: Form, types: dict[str, str]) -> Iterator[bytes]:
    """Write requests of a form: with one row, and with several."""
    probes = [_PROBES[kind] for kind in types.values()]
    for rows in (1, len(probes[0])):
        for write in form.writes:
            yield json.dumps({key: write(list(types), [probe[:rows] for probe in probes])}).encode()


class _Keeper:
    """A model that keeps what it is given."""

    def __init__(self) -> None:
        self.given: tuple[Any, Any] = (None, None)

    def predict(self, data: Any, params: Any = None) -> list[int]:
        self.given = data, params
        return [len(data)]


class _Trial:
    """Both ways to a model that keeps what it is given."""

    def __init__(self, metadata: Any, columns: PlainColumns) -> None:
        from mlflow.pyfunc import PyFuncModel

        self._keeper = _Keeper()
        self._model = PyFuncModel(metadata, self._keeper)
        self._schema = metadata.get_input_schema()
        self._shortcut = Shortcut(self._model, columns, FORMS)

    def is_same(self, body: bytes) -> bool:
        """Ask both ways; what fails is not the same."""
        try:
            long = self._ask(body, self._model, self._schema)
            short = self._ask(self._shortcut.prepare(body, JSON), self._shortcut.model, None)
        except Exception as error:  # noqa: BLE001 - another MLflow may have other functions: then there is no short way
            _logger.debug("no short way: %r", error)
            return False
        return short[:2] == long[:2] and _same_frame(short[2], long[2])

    def _ask(self, body: Any, model: Any, schema: Any) -> tuple[Any, Any, Any]:
        from mlflow.pyfunc.scoring_server import invocations

        answer = invocations(body, JSON, model, schema)
        frame, params = self._keeper.given
        return answer, params, frame


def _same_frame(one: Any, other: Any) -> bool:
    return bool(
        one.equals(other)
        and type(one.index) is type(other.index)
        and one.index.dtype == other.index.dtype
        and one.columns.dtype == other.columns.dtype
        and list(one.dtypes) == list(other.dtypes)
    )
