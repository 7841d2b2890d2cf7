"""The demo: one service, four versions, steady users. A good one is promoted, two bad ones are taken back.

One is found before any user meets it, by comparing answers to copied requests; the other by its first users' labels.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from examples.example import Ask, Asked, Example, Trained, Version
from examples.play import play


def _train() -> Trained:
    from examples.digits import models

    digits = models.load()
    trained = (
        models.linear(digits),
        models.support_vectors(digits),
        models.half_read(digits),
        models.first_hundred(digits),
    )
    metrics = tuple({"accuracy_unseen": float(m.score(digits.unseen_images, digits.unseen_labels))} for m in trained)
    return Trained(trained, metrics, digits.images[:20])


def _ask() -> Ask:
    from examples.digits import models

    digits = models.load()

    def ask(chance: random.Random) -> Asked:
        row = chance.randrange(len(digits.unseen_labels))
        return Asked({"inputs": [digits.unseen_images[row].tolist()]}, lambda _: int(digits.unseen_labels[row]))

    return ask


EXAMPLE = Example(
    service="digits",
    configs=Path("configs"),
    versions=(
        Version("first version", "logistic regression"),
        Version("a better version", "support vectors"),
        Version(
            "a bad version, which passes its smoke test",
            "support vectors, trained on a broken export",
            ends="RolledBack",
            met=False,
        ),
        Version(
            "a worse version, which labels alone can tell",
            "support vectors, trained on a hundred images",
            ends="RolledBack",
        ),
    ),
    train=_train,
    ask=_ask,
    rate=100,
    users=4000,
)

if __name__ == "__main__":
    sys.exit(play(EXAMPLE, __doc__))
