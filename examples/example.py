"""What an example consists of: a service, its versions, what becomes of each, and who asks them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request of a user.

    payload: in MLflow's scoring protocol. outcome: from the predictions, one a row, to the label that becomes known
    some seconds later; None where none ever does.
    """

    payload: dict[str, Any]
    outcome: Callable[[list[Any]], Any]


Ask = Callable[[random.Random], Asked]
"""Makes the next request of some user."""


@dataclass(frozen=True)
class Version:
    """title: how its release is told of. text: its description in MLflow. ends: as what its release has to end.

    met: whether users may meet it.
    """

    title: str
    text: str
    ends: str = "Promoted"
    met: bool = True


@dataclass(frozen=True)
class Trained:
    """models: one for each version. sample: rows for the signature and the input example.

    metrics: of each model, as its training found them. predict: the method that answers.
    """

    models: tuple[Any, ...]
    metrics: tuple[dict[str, float], ...]
    sample: Any
    predict: str = "predict"


@dataclass(frozen=True)
class Example:
    """configs: folder of its site's configuration. train: makes the models, in some seconds. ask: makes what users ask.

    rate: requests per second, of so many `users`. Labels are known `label_delay_seconds` after the answer.
    """

    service: str
    configs: Path
    versions: tuple[Version, ...]
    train: Callable[[], Trained]
    ask: Callable[[], Ask]
    rate: float
    users: int
    label_delay_seconds: float = 2.0
