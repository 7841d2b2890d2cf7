"""scikit-learn's own estimators predict the same from the array as from the frame; all others keep the frame."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from bothways import BothWays, pyfunc
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.models import ModelSignature
from mlflow.sklearn import _SklearnModelWrapper
from mlflow.types import ColSpec, Schema
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    ElasticNet,
    Lasso,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from greenramp.serving import arraytwin

NAMES = ["a", "b", "c"]
SIGNATURE = ModelSignature(Schema([ColSpec("double", name) for name in NAMES]))
DATA = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 3)), columns=NAMES)
SIGN = (DATA.sum(axis=1) > 0).to_numpy()
FEW = {"n_estimators": 5}
PREDICTORS = [
    LogisticRegression(),
    LinearRegression(),
    Ridge(),
    RidgeClassifier(),
    Lasso(alpha=0.01),
    ElasticNet(alpha=0.01),
    SGDClassifier(random_state=0),
    SGDRegressor(random_state=0),
    DecisionTreeClassifier(),
    DecisionTreeRegressor(),
    RandomForestClassifier(**FEW),
    RandomForestRegressor(**FEW),
    ExtraTreesClassifier(**FEW),
    ExtraTreesRegressor(**FEW),
    GradientBoostingClassifier(**FEW),
    GradientBoostingRegressor(**FEW),
    HistGradientBoostingClassifier(max_iter=5),
    HistGradientBoostingRegressor(max_iter=5),
]
TRANSFORMERS = [
    StandardScaler(),
    MinMaxScaler(),
    MaxAbsScaler(),
    RobustScaler(),
    SimpleImputer(),
    PolynomialFeatures(),
    PCA(2),
]
PIPELINES = [make_pipeline(step, LogisticRegression()) for step in TRANSFORMERS]
PIPELINES.append(make_pipeline(SimpleImputer(), StandardScaler(), HistGradientBoostingClassifier(max_iter=5)))
NUMBER = st.floats(-1e6, 1e6) | st.integers(-(10**6), 10**6)
ODD_NUMBER = NUMBER | st.none() | st.floats() | st.sampled_from([2**53 + 1, "1", True])


def fitted(estimator, target=SIGN):
    """Fit on the frame."""
    return estimator.fit(DATA, target)


def both_ways(estimator, method="predict") -> BothWays:
    """Serve an estimator as MLflow's scikit-learn flavor does."""
    return BothWays(pyfunc(_SklearnModelWrapper(estimator), SIGNATURE, predict_fn=method))


def has_twin(both: BothWays) -> bool:
    """Say whether the estimator is asked with arrays."""
    return both.shortcut._twin is not None


def rows(*values):
    """Ask about rows."""
    return {"dataframe_split": {"columns": NAMES, "data": [list(row) for row in values]}}


@pytest.mark.parametrize("estimator", [*PREDICTORS, *PIPELINES], ids=repr)
def test_an_array_is_predicted_like_the_frame(estimator):
    both = both_ways(fitted(estimator))
    prepared = both.shortcut.prepare(json.dumps(rows((1, 2, 3))).encode(), "application/json")
    assert both.shortcut.answer(prepared) is not None

    @settings(max_examples=6, deadline=None)
    @given(
        st.lists(st.tuples(*[NUMBER] * 3), min_size=1, max_size=70) | st.lists(st.tuples(*[ODD_NUMBER] * 3), max_size=3)
    )
    def asked(values):
        ours, mlflows = both.ask(rows(*values))
        assert ours == mlflows

    asked()


def test_the_lists_hold_what_was_tested():
    assert {type(one).__name__ for one in PREDICTORS} == arraytwin._PREDICTORS
    assert {type(one).__name__ for one in TRANSFORMERS} == arraytwin._TRANSFORMERS


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_probabilities_are_the_same(method):
    both = both_ways(fitted(make_pipeline(StandardScaler(), LogisticRegression())), method)
    assert has_twin(both)
    ours, mlflows = both.ask(rows((1, 2.5, -3), (0.1, 0.2, 0.3)))
    assert (ours, ours.status) == (mlflows, 200)


@pytest.mark.parametrize(
    ("labels", "dtype"), [(["yes", "nó"], None), (["yes", "nó"], object), ([-1, 10**12], None), ([False, True], None)]
)
def test_labels_of_any_type_are_written_the_same(labels, dtype):
    target = np.array(labels, dtype=dtype)[SIGN.astype(int)]
    ours, mlflows = both_ways(fitted(LogisticRegression(), target)).ask(rows((1, 2, 3)))
    assert (ours, ours.status) == (mlflows, 200)


class Own(LogisticRegression):
    """Somebody's own estimator: it may look at the frame."""

    def predict(self, frame):
        """Answer the names."""
        return list(frame.columns)


def of_the_same_name():
    """Make somebody's own estimator that is named like one of scikit-learn's."""
    return type("LogisticRegression", (LogisticRegression,), {})()


def fitted_while_all_steps_give_frames():
    """Fit a pipeline whose second step expects frames."""
    with sklearn.config_context(transform_output="pandas"):
        return fitted(make_pipeline(StandardScaler(), LogisticRegression()))


def told_to_give_frames_later():
    """Fit a pipeline with arrays, then make its step give frames."""
    pipeline = fitted(make_pipeline(StandardScaler(), LogisticRegression()))
    framed(pipeline[0])
    return pipeline


def framed(estimator):
    """Make a step give frames."""
    return estimator.set_output(transform="pandas")


def categories():
    """Fit one that treats a column by its categories."""
    return HistGradientBoostingClassifier(max_iter=5, categorical_features=["c"]).fit(DATA.round(), SIGN)


OTHERS = {
    "own class": lambda: fitted(Own()),
    "own class of a known name": lambda: fitted(of_the_same_name()),
    "steps that all gave frames": fitted_while_all_steps_give_frames,
    "a step told later to give frames": told_to_give_frames_later,
    "columns by name": lambda: fitted(
        make_pipeline(make_column_transformer((StandardScaler(), ["a"])), LogisticRegression())
    ),
    "a function": lambda: fitted(make_pipeline(FunctionTransformer(lambda frame: frame), LogisticRegression())),
    "a step that gives frames": lambda: fitted(make_pipeline(framed(StandardScaler()), LogisticRegression())),
    "categories": categories,
    "no step": lambda: fitted(make_pipeline("passthrough", LogisticRegression())),
    "other names": lambda: LogisticRegression().fit(DATA.rename(columns={"a": "z"}), SIGN),
    "other order": lambda: LogisticRegression().fit(DATA[["b", "a", "c"]], SIGN),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_others_are_given_the_frame(make):
    both = both_ways(make())
    assert not has_twin(both)
    ours, mlflows = both.ask(rows((1, 2, 3)))
    assert ours == mlflows


def test_an_estimator_fitted_without_names_is_asked_without_a_warning():
    both = both_ways(LogisticRegression().fit(DATA.to_numpy(), SIGN))
    assert has_twin(both)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's way warns: X has feature names
        _, mlflows = both.ask(rows((1, 2, 3)))
    assert both.ask_ours(rows((1, 2, 3))) == mlflows


def test_a_twin_that_predicts_otherwise_is_not_used(monkeypatch):
    monkeypatch.setattr(arraytwin, "_without_names", lambda *_: LogisticRegression().fit(DATA.to_numpy(), ~SIGN))
    assert not has_twin(both_ways(fitted(LogisticRegression())))


def test_names_other_than_the_signatures_are_refused():
    with pytest.raises(ValueError, match="the signature has"):
        arraytwin._without_names(fitted(LogisticRegression()), ["z", "b", "c"])


def test_the_model_itself_keeps_its_names():
    pipeline = fitted(make_pipeline(StandardScaler(), LogisticRegression()))
    both_ways(pipeline)
    assert list(pipeline.feature_names_in_) == NAMES


def test_the_number_of_threads_is_as_before_after_each_prediction():
    from threadpoolctl import threadpool_info

    estimator = fitted(HistGradientBoostingClassifier(max_iter=5))
    before = threadpool_info()
    both = both_ways(estimator)
    both.ask(rows((1, 2, 3)))
    both.ask(rows((1, 2, None)))
    assert threadpool_info() == before
