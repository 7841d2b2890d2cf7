"""Click-through: which article comes first? A better model is promoted; one that earns fewer clicks is taken back."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from examples.example import Ask, Asked, Example, Trained, Version
from examples.play import play


def _train() -> Trained:
    from sklearn.metrics import roc_auc_score

    from examples.clicks import models

    shown, likely = models.pages(2500, seed=1)
    clicks = models.clicked(likely, seed=2)
    broken = models.slipped(shown)
    trained = (models.popular(shown, clicks), models.personal(shown, clicks), models.personal(broken, clicks))
    tables = (shown, shown, broken)
    metrics = tuple(
        {"auc_export": float(roc_auc_score(clicks, model.predict_proba(table)[:, 1]))}
        for model, table in zip(trained, tables, strict=True)
    )
    return Trained(trained, metrics, shown[:18], predict="predict_proba")


def _ask() -> Ask:
    from examples.clicks import models

    tomorrow, appeal = models.pages(2000, seed=3)
    rows, size = tomorrow.to_numpy().tolist(), models.ON_A_PAGE

    def ask(chance: random.Random) -> Asked:
        first = size * chance.randrange(len(rows) // size)
        taste = chance.random()

        def outcome(predictions: list[Any]) -> bool | None:
            """The article that is most likely clicked comes on top; nobody tells of one that was not clicked."""
            top = max(range(size), key=lambda n: predictions[n][1])
            return True if taste < appeal[first + top] else None

        data = rows[first : first + size]
        return Asked({"dataframe_split": {"columns": list(tomorrow.columns), "data": data}}, outcome)

    return ask


EXAMPLE = Example(
    service="clicks",
    configs=Path(__file__).parent / "configs",
    versions=(
        Version("first version", "popular articles first"),
        Version("a better version", "what this reader likes first"),
        Version("a version that earns fewer clicks", "the same, trained on a slipped export", ends="RolledBack"),
    ),
    train=_train,
    ask=_ask,
    rate=60,
    users=20_000,
)

if __name__ == "__main__":
    sys.exit(play(EXAMPLE, __doc__))
