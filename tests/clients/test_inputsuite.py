"""Inputs of the champion are drafted from what MLflow holds of it."""

import uuid
import warnings

import pandas as pd
import pytest

from greenramp.clients.inputsuite import champion_inputs
from greenramp.clients.registry import Registry
from greenramp.errors import ConfigError, Unreachable


@pytest.fixture
def customers(mlflow_uri, tmp_path):
    """Register a model of named columns; give its name."""
    import mlflow

    code = tmp_path / "model.py"
    code.write_text(
        "import mlflow, pandas\n"
        "class Model(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input: pandas.DataFrame):\n"
        "        return [1] * len(model_input)\n"
        "mlflow.models.set_model(Model())\n"
    )
    mlflow.set_tracking_uri(mlflow_uri)
    mlflow.set_registry_uri(mlflow_uri)
    name = f"customers {uuid.uuid4().hex[:8]}"
    with warnings.catch_warnings(), mlflow.start_run() as run:
        warnings.simplefilter("ignore")  # MLflow warns of its own imports
        seen = pd.DataFrame({"city": ["Bern", None], "score": [0.5, 1.5]})
        signature = mlflow.models.infer_signature(seen, [1, 1])
        mlflow.pyfunc.log_model(name="model", python_model=str(code), signature=signature, pip_requirements=["mlflow"])
    mlflow.register_model(f"runs:/{run.info.run_id}/model", name)
    return name


def test_the_champions_signature_becomes_a_suite(mlflow_uri, customers):
    Registry(mlflow_uri).ensure_alias(customers, "champion", "1")
    suite = champion_inputs(mlflow_uri, customers)
    assert suite.description == f"Inputs of {customers} version 1, from its signature"
    found = [(one.kwargs["column"], one.type.removeprefix("expect_column_")) for one in suite.expectations]
    assert found == [
        ("city", "values_to_be_in_type_list"),
        ("score", "to_exist"),
        ("score", "values_to_be_in_type_list"),
        ("score", "values_to_not_be_null"),
    ]


def test_without_a_champion_it_says_what_to_do(mlflow_uri, model):
    with pytest.raises(ConfigError, match="has no alias champion: release a version first, or draft --from a table"):
        champion_inputs(mlflow_uri, model)


def test_inputs_without_named_columns_are_refused(mlflow_uri, model):
    Registry(mlflow_uri).ensure_alias(model, "champion", "2")
    with pytest.raises(ConfigError, match=f"{model} version 2"):
        champion_inputs(mlflow_uri, model)


def test_an_mlflow_that_is_not_there_is_said_to_be_so(nobody):
    with pytest.raises(Unreachable):
        champion_inputs(nobody, "customers")
