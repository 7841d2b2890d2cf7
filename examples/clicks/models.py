"""Readers, articles and clicks, made up and always the same, and three models of who clicks on what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

TOPICS = ("culture", "news", "science", "sport")
ON_A_PAGE = 6
"""Articles that a reader may be shown; the one on top is the one that is."""

_LIKES = [f"likes_{topic}" for topic in TOPICS]


def pages(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Articles for `count` readers, ON_A_PAGE rows each, and how likely each is clicked: (rows,) float64 in [0, 1]."""
    chance, rows = np.random.default_rng(seed), count * ON_A_PAGE
    likes = np.repeat(chance.beta(0.6, 1.2, (count, len(TOPICS))), ON_A_PAGE, axis=0).round(2)
    topic = chance.integers(0, len(TOPICS), rows)
    age, popularity = chance.exponential(12, rows).round(1), chance.uniform(0, 1, rows).round(2)
    columns = {"topic": np.array(TOPICS, dtype=object)[topic], "age_hours": age, "popularity": popularity}
    columns |= {name: likes[:, n] for n, name in enumerate(_LIKES)}
    appeal = -2.6 + 3.2 * likes[np.arange(rows), topic] + popularity - 0.03 * age
    return pd.DataFrame(columns), 1 / (1 + np.exp(-appeal))


def clicked(likely: np.ndarray, seed: int) -> np.ndarray:
    """Who clicked, drawn once: (rows,) bool."""
    return np.random.default_rng(seed).random(len(likely)) < likely


def slipped(table: pd.DataFrame) -> pd.DataFrame:
    """The table as a broken export writes it: the columns of likes have slipped by one, their names have not."""
    return table.rename(columns=dict(zip(_LIKES, _LIKES[1:] + _LIKES[:1], strict=True)))[table.columns]


def popular(table: pd.DataFrame, clicks: np.ndarray) -> Any:
    """A first model: new and popular articles first, whoever reads."""
    return _fitted(table, clicks)


def personal(table: pd.DataFrame, clicks: np.ndarray) -> Any:
    """A better one: each topic is weighed with the reader's liking of it."""
    return _fitted(table, clicks, PolynomialFeatures(2, interaction_only=True, include_bias=False))


def _fitted(table: pd.DataFrame, clicks: np.ndarray, *between: Any) -> Any:
    coded = make_column_transformer((OneHotEncoder(sparse_output=False), ["topic"]), remainder=StandardScaler())
    return make_pipeline(coded, *between, LogisticRegression(max_iter=1000)).fit(table, clicks)
