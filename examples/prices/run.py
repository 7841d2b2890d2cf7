"""Rents of flats: a regression. A better model is promoted; one that learnt by heart is taken back by its errors."""

from __future__ import annotations

import random
import sys
from pathlib import Path

from examples.example import Ask, Asked, Example, Trained, Version
from examples.play import play


def _train() -> Trained:
    from examples.prices import models

    seen, rents = models.flats(3000, seed=1)
    tomorrow, later_rents = models.tomorrow()
    trained = (
        models.straight_line(seen, rents),
        models.curved(seen, rents),
        models.learnt_by_heart(seen, rents),
    )
    metrics = tuple({"mean_error_unseen": float(abs(m.predict(tomorrow) - later_rents).mean())} for m in trained)
    return Trained(trained, metrics, seen[:20])


def _ask() -> Ask:
    from examples.prices import models

    tomorrow, rents = models.tomorrow()
    rows = tomorrow.to_numpy().tolist()

    def ask(chance: random.Random) -> Asked:
        row = chance.randrange(len(rows))
        payload = {"dataframe_split": {"columns": list(tomorrow.columns), "data": [rows[row]]}}
        return Asked(payload, lambda _: float(rents[row]))

    return ask


EXAMPLE = Example(
    service="prices",
    configs=Path(__file__).parent / "configs",
    versions=(
        Version("first version", "linear regression"),
        Version("a better version", "products of what belongs together"),
        Version("a version that learnt by heart", "the rent of the flat most alike", ends="RolledBack"),
    ),
    train=_train,
    ask=_ask,
    rate=60,
    users=20_000,
    label_delay_seconds=3,
)

if __name__ == "__main__":
    sys.exit(play(EXAMPLE, __doc__))
