"""Takes requests of plain rows past MLflow's conversion and schema enforcement; the model is given the same DataFrame.

MLflow's own `invocations()` still does the rest: it calls the model, words the errors and writes the answer.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from greenramp.serving.arraytwin import ArrayTwin
from greenramp.serving.plaincolumns import PlainColumns
from greenramp.serving.plainrows import Form

JSON = "application/json"
CONTENT_TYPES = frozenset({JSON, "application/json; charset=utf-8", "application/json;charset=utf-8"})


_NUL = b"\\u0000"
"""As JSON writes it. At the end of a text numpy, and with it MLflow, loses it in some of the protocol's forms."""


class Shortcut:
    """The short way for one loaded model."""

    def __init__(
        self, model: Any, columns: PlainColumns, forms: Mapping[str, Form], twin: ArrayTwin | None = None
    ) -> None:
        """Take the model, its columns, the forms of request that can go this way by their key, and the model's twin."""
        self.model = _without_input_schema(model)
        self._columns = columns
        self._forms = forms
        self._twin = twin

    def prepare(self, body: bytes, content_type: str) -> dict[str, Any] | None:
        """Put a DataFrame in the place of the rows; None where only the long way will do.

        The result is for `invocations()`, with `self.model` and no schema.
        """
        if content_type not in CONTENT_TYPES or _NUL in body:
            return None
        try:
            request = json.loads(body)
            [key] = request.keys() - {"params"}
            values, index = self._forms[key].read(request[key], self._columns.names)
            request["dataframe_split"] = {"data": self._columns.frame(values, index)}
        except Exception:  # noqa: BLE001 - whatever is wrong with the request, MLflow finds it again and says so
            return None
        return {name: request[name] for name in ("dataframe_split", "params") if name in request}

    def answer(self, prepared: dict[str, Any]) -> str | None:
        """Give the answer to what `prepare` returned, by the model's twin; None where there is none."""
        if self._twin is None or "params" in prepared:
            return None
        return self._twin.answer(prepared["dataframe_split"]["data"].to_numpy())


def _without_input_schema(model: Any) -> Any:
    """Copy a PyFuncModel so that it asks the same implementation, but enforces no more than the parameters."""
    bare, bare_metadata = copy.copy(model), copy.copy(model.metadata)
    bare_metadata.signature = copy.copy(model.metadata.signature)
    bare_metadata.signature.inputs = None
    bare._model_meta = bare_metadata
    return bare
