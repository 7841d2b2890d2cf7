"""A scikit-learn estimator without the names of its columns, so that it can be asked with the array under a DataFrame.

scikit-learn's own estimators compare a DataFrame's column names with those they were fitted with, and then work on
`numpy.asarray(frame)`; that comparison and its surroundings take most of the time of a prediction for one row. Here the
names have been compared already, with the signature. Estimators that do more with a frame are not in the lists.
"""

from __future__ import annotations

import copy
import json
import logging
import warnings
from collections.abc import Callable
from typing import Any

_TRANSFORMERS = frozenset(
    {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "SimpleImputer", "PolynomialFeatures", "PCA"}
)
_TREES = ("DecisionTree", "RandomForest", "ExtraTrees", "GradientBoosting", "HistGradientBoosting")
_PREDICTORS = frozenset(
    {"LogisticRegression", "LinearRegression", "Ridge", "RidgeClassifier", "Lasso", "ElasticNet"}
    | {f"{name}{kind}" for name in (*_TREES, "SGD") for kind in ("Classifier", "Regressor")}
)
_BY_OPENMP = "HistGradientBoosting"
_FEW_ROWS = 64  # rows are shared among threads that wait for each other by spinning: for so few, a waste
_METHODS = frozenset({"predict", "predict_proba", "predict_log_proba"})

_logger = logging.getLogger(__name__)


class ArrayTwin:
    """Predicts what a model does, from an array."""

    def __init__(self, predict: Callable[[Any], Any]) -> None:
        """Take the function of the estimator."""
        self._predict = predict

    def answer(self, array: Any) -> str | None:
        """Give the text of MLflow's answer; None where only MLflow can write it, be it an answer or an error."""
        try:
            predictions = self._predict(array)
            return f'{{"predictions": {json.dumps(predictions.tolist())}}}'
        except Exception:  # noqa: BLE001 - these estimators can be asked again: asking leaves nothing behind
            return None


def array_twin(model: Any, names: list[str]) -> ArrayTwin | None:
    """Make the twin of a PyFuncModel whose columns are all double and have these names; None if it can have none.

    Whether both predict the same is tried here too.
    """
    described = model.metadata.flavors.get("python_function", {})
    method = described.get("predict_fn", "predict")
    if described.get("loader_module") != "mlflow.sklearn" or method not in _METHODS:
        return None
    try:
        whole = model._model_impl.get_raw_model()
        twin = _nameless(whole, names)
        if twin is None:
            return None
        predict = getattr(twin, method)
        if type(getattr(twin, "_final_estimator", twin)).__name__.startswith(_BY_OPENMP):
            predict = _few_rows_in_one_thread(predict)
        if _predict_the_same(getattr(whole, method), predict, names):
            return ArrayTwin(predict)
    except Exception as error:  # noqa: BLE001 - another MLflow or scikit-learn may differ: then there is no twin
        _logger.debug("no twin: %r", error)
    return None


def _nameless(whole: Any, names: list[str]) -> Any:
    """Copy an estimator or a pipeline without the names; None when it is not one of those that allow it."""
    if (type(whole).__module__, type(whole).__name__) != ("sklearn.pipeline", "Pipeline"):
        return _without_names(whole, names) if _is_plain(whole, _PREDICTORS) else None
    (first_name, first), *others = whole.steps
    *before, last = [estimator for _, estimator in whole.steps]
    if not _is_plain(last, _PREDICTORS) or not all(_is_plain(step, _TRANSFORMERS) for step in before):
        return None
    if any("feature_names_in_" in vars(estimator) for _, estimator in others):
        return None  # it was fitted with frames that the steps gave each other
    twin = copy.copy(whole)
    twin.steps = [(first_name, _without_names(first, names)), *others]
    return twin


def _is_plain(estimator: Any, kinds: frozenset[str]) -> bool:
    """Say whether it is one of scikit-learn's own as it comes, and is to give arrays."""
    kind, own = type(estimator), vars(estimator)
    return (
        kind.__name__ in kinds
        and kind.__module__.startswith("sklearn.")
        and own.get("is_categorical_") is None
        and not own.keys() & {"_sklearn_output_config", "transform", *_METHODS}
    )


def _without_names(estimator: Any, names: list[str]) -> Any:
    twin = copy.copy(estimator)
    if "feature_names_in_" in vars(twin):
        if list(twin.feature_names_in_) != names:
            raise ValueError(f"fitted with {list(twin.feature_names_in_)}, the signature has {names}")
        del twin.feature_names_in_
    return twin


def _few_rows_in_one_thread(predict: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Keep OpenMP from starting threads for few rows; each row's prediction is the same by however many threads."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]  # scikit-learn brings it

    openmp = [library for library in ThreadpoolController().lib_controllers if library.user_api == "openmp"]

    def alone(array: Any) -> Any:
        if len(array) > _FEW_ROWS:
            return predict(array)
        before = [library.get_num_threads() for library in openmp]
        for library in openmp:
            library.set_num_threads(1)  # OpenMP keeps the number for each thread that asks: other requests have theirs
        try:
            return predict(array)
        finally:
            for library, threads in zip(openmp, before, strict=True):
                library.set_num_threads(threads)

    return alone


def _predict_the_same(one: Callable[[Any], Any], other: Callable[[Any], Any], names: list[str]) -> bool:
    """Ask both for one row and for several."""
    import numpy as np
    import pandas as pd

    values = np.random.default_rng(0).normal(scale=3.0, size=(len(names), 20))
    for rows in (1, 20):
        frame = pd.DataFrame(np.ascontiguousarray(values[:, :rows]).T, columns=names)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that an estimator fitted with arrays did not expect
            wanted, seen = one(frame), other(frame.to_numpy())
        if not (type(seen) is type(wanted) is np.ndarray and seen.dtype == wanted.dtype):
            return False
        if seen.tolist() != wanted.tolist():
            return False
    return True
