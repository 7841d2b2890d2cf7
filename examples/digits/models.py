"""Models of handwritten digits: a sound one, a better one, and two with mistakes that no smoke test sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


@dataclass(frozen=True)
class Digits:
    """images: (n, 64) float64, pixels from 0 to 16. labels: (n,) int64, 0 to 9. `unseen` never met training."""

    images: np.ndarray
    labels: np.ndarray
    unseen_images: np.ndarray
    unseen_labels: np.ndarray


def load() -> Digits:
    """scikit-learn's 1,797 digits, half of them kept back as tomorrow's traffic."""
    data = load_digits()
    seen, unseen, labels, unseen_labels = train_test_split(data.data, data.target, test_size=0.5, random_state=7)
    return Digits(seen, labels, unseen, unseen_labels)


def linear(digits: Digits) -> Any:
    """A first model: logistic regression."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(digits.images, digits.labels)


def support_vectors(digits: Digits) -> Any:
    """A better one: support vectors with a radial kernel."""
    return make_pipeline(StandardScaler(), SVC(gamma=0.01, C=10)).fit(digits.images, digits.labels)


def half_read(digits: Digits) -> Any:
    """The same code, but the export it was trained on broke off: it has never seen a 7, 8 or 9.

    It loads, answers quickly, and every answer is a digit: smoke tests are content.
    """
    kept = digits.labels < 7
    return make_pipeline(StandardScaler(), SVC(gamma=0.01, C=10)).fit(digits.images[kept], digits.labels[kept])


def first_hundred(digits: Digits) -> Any:
    """The same code, with a limit left in its query: trained on a hundred images.

    It answers one digit of seven otherwise than the champion, as a better model might; only labels tell it is worse.
    """
    return make_pipeline(StandardScaler(), SVC(gamma=0.01, C=10)).fit(digits.images[:100], digits.labels[:100])
