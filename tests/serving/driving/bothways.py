"""A model asked both ways: by our scorer with its short way, and by MLflow's own function alone."""

import json
import warnings
from typing import Any

from greenramp.serving.scoring import Answer, Scorer
from greenramp.serving.trial import shortcut_for

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns of its own imports
    import mlflow.pyfunc  # noqa: F401

JSON = "application/json"


def pyfunc(implementation: Any, signature: Any, **flavor: str) -> Any:
    """Give MLflow's own wrapper around a model, as `load_model` does."""
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

    described = {"loader_module": "mlflow.sklearn", **flavor}
    metadata = Model(signature=signature, flavors={"python_function": described})
    return PyFuncModel(metadata, implementation, predict_fn=described.get("predict_fn", "predict"))


class BothWays:
    """One loaded model."""

    def __init__(self, model: Any) -> None:
        self.shortcut = shortcut_for(model)
        self._ours = Scorer(model, None, self.shortcut)
        self._mlflows = Scorer(model, None)

    def ask(self, request: Any, content_type: str = JSON) -> tuple[Answer, Answer]:
        """Answer a request both ways: ours, MLflow's."""
        return self.ask_ours(request, content_type), self._mlflows._score_now(_body(request), content_type)

    def ask_ours(self, request: Any, content_type: str = JSON) -> Answer:
        """Answer a request our way alone."""
        return self._ours._score_now(_body(request), content_type)

    def is_short(self, request: Any, content_type: str = JSON) -> bool:
        """Say whether a request goes the short way."""
        return (
            self.shortcut is not None and self.shortcut.prepare(json.dumps(request).encode(), content_type) is not None
        )


def _body(request: Any) -> bytes:
    return json.dumps(request).encode()


class Telling:
    """A model that answers with all it can see of what it is given."""

    def predict(self, data: Any, params: Any = None) -> list[str]:
        """Tell it."""
        return [told(data), repr(params)]


def told(data: Any) -> str:
    """Describe an input down to the layout of its memory."""
    import pandas as pd

    if not isinstance(data, pd.DataFrame):
        return f"{type(data)} {getattr(data, 'dtype', '')} {data!r}"
    index = f"{type(data.index).__name__} {data.index.dtype} {data.index.name} {list(data.index)}"
    columns = f"{type(data.columns).__name__} {data.columns.dtype} {data.columns.name} {list(data.columns)}"
    blocks = [
        (str(block.dtype), block.shape, block.mgr_locs.as_array.tolist(), layout(block.values))
        for block in data._mgr.blocks
    ]
    values = [[(type(value).__name__, repr(value)) for value in data[name].tolist()] for name in data.columns]
    return f"{index} {columns} {blocks} {list(map(repr, data.dtypes))} {values} {data.attrs} {data.flags}"


def layout(values: Any) -> Any:
    """How an array lies in memory: sums over it may depend on that."""
    flags = getattr(values, "flags", None)
    return None if flags is None else (flags.c_contiguous, flags.f_contiguous, flags.writeable, flags.aligned)
