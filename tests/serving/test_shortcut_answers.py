"""On the short way too a model's answers and errors are written as MLflow writes them, and it is asked as often."""

import copy
import warnings

import pytest
from bothways import BothWays, Telling, pyfunc, told
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

NUMBERS = ModelSignature(Schema([ColSpec("double", "x"), ColSpec("double", "y")]))


class Giving:
    """A model that answers what it was made with, or raises it; it counts."""

    def __init__(self, answer):
        self.answer, self.asked = answer, 0

    def predict(self, _data):
        """Answer."""
        self.asked += 1
        if isinstance(self.answer, BaseException):
            raise type(self.answer)(*self.answer.args)  # a new one: the traceback is part of the answer
        return self.answer


def outputs():
    """Give answers of every sort."""
    import datetime

    import numpy as np
    import pandas as pd

    for dtype in ("float64", "float32", "float16", "int8", "uint64", "bool", "str", "object", "datetime64[ns]", "S1"):
        yield f"array of {dtype}", np.array([0, 1]).astype(dtype)
    yield "probabilities", np.array([[0.1, 0.9], [1e-300, 1.0]])
    yield "not a number", np.array([np.nan, np.inf, -np.inf, -0.0])
    yield "frame", pd.DataFrame({"a": [1.5, np.nan], "b": ["x", "y"]})
    yield "series", pd.Series([1, 2], name="s")
    yield "list", ["a", 1, None, np.float32(0.1), datetime.date(2020, 1, 1), b"raw"]
    yield "words", "é\n"
    yield "dictionary", {"a": np.array([1, 2]), "b": {"c": np.int8(1)}}
    yield "nothing JSON has", object()


OUTPUTS = dict(outputs())


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_any_output_is_written_as_mlflow_writes_it(output):
    both = BothWays(pyfunc(Giving(output), NUMBERS))
    ours, mlflows = both.ask({"dataframe_records": [{"x": 1.0, "y": 2.0}]})
    assert ours == mlflows


@pytest.mark.parametrize("order", [["x", "y"], ["y", "x"]])
@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit("leave"), MlflowException("mine"), KeyError("k")], ids=repr
)
def test_an_error_of_the_model_is_told_as_mlflow_tells_it(error, order):
    both = BothWays(pyfunc(Giving(error), NUMBERS))
    ours, mlflows = both.ask({"dataframe_split": {"columns": order, "data": [[1, 2]]}})
    assert ours.status >= 400
    assert ours == mlflows


def python_models():
    """Make models of MLflow's python_function flavor that ask for their input in different ways."""
    import pandas as pd
    from mlflow.pyfunc import PythonModel

    class Untyped(PythonModel):
        def predict(self, context, model_input, params=None):
            return [told(model_input), repr(context), repr(params)]

    class OfFrame(PythonModel):
        def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
            return model_input * 2

    class OfList(PythonModel):
        def predict(self, model_input: list[float]) -> list[float]:
            return [told(model_input)]

    class OfArray(PythonModel):
        def predict(self, model_input):
            return model_input.to_numpy().sum(axis=1)

    return [Untyped, OfFrame, OfList, OfArray]


@pytest.mark.parametrize("number", range(4), ids=["untyped", "frame", "list", "array"])
@pytest.mark.parametrize("from_hint", [False, True])
def test_python_functions_are_answered_as_mlflow_answers_them(number, from_hint):
    from mlflow.pyfunc.model import _PythonModelPyfuncWrapper

    with warnings.catch_warnings(record=True):  # MLflow wants type hints, and says so past every filter
        wrapped = _PythonModelPyfuncWrapper(python_models()[number](), "context", NUMBERS)
    signature = copy.copy(NUMBERS)
    signature._is_signature_from_type_hint = from_hint
    both = BothWays(pyfunc(wrapped, signature, loader_module="mlflow.pyfunc.model"))
    request = {"inputs": {"x": [1, 2], "y": [2, 3]}}
    assert both.is_short(request) is not from_hint
    ours, mlflows = both.ask(request)
    assert ours == mlflows


def test_a_failing_model_is_asked_once():
    model = Giving(ValueError("no"))
    assert BothWays(pyfunc(model, NUMBERS)).ask_ours({"inputs": {"x": [1], "y": [2]}}).status == 400
    assert model.asked == 1


def test_a_model_that_changes_its_frame_leaves_nothing_for_the_next():
    class Changing:
        def predict(self, data):
            seen = [data.columns.name, *data.iloc[0].tolist()]
            data.columns.name = "mine"
            data["x"] = 9.0
            return seen

    both = BothWays(pyfunc(Changing(), NUMBERS))
    first, second = (both.ask({"inputs": {"x": [1], "y": [2]}})[0].text for _ in range(2))
    assert first == second == '{"predictions": [null, 1.0, 2.0]}'


def test_a_form_that_this_mlflow_gives_otherwise_goes_the_long_way(monkeypatch):
    from mlflow.pyfunc import scoring_server

    own = scoring_server.dataframe_from_parsed_json

    def other(data, schema, **more):
        frame = own(data, schema=schema, **more)
        return frame if schema is None else frame.rename(index=str)

    monkeypatch.setattr(scoring_server, "dataframe_from_parsed_json", other)
    both = BothWays(pyfunc(Telling(), NUMBERS))
    assert not both.is_short({"dataframe_records": [{"x": 1.0, "y": 2.0}]})
    assert both.is_short({"inputs": {"x": [1], "y": [2]}})
