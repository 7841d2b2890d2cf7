"""Both sides' answers made up, and compared."""

import numpy as np
import pytest

from greenramp.shadow.answers import Answer
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.rules import ShadowRules


class Sides:
    """Makes logs of both sides: a request every 10 ms, answered in about 8 ms."""

    def __init__(self):
        self.chance = np.random.default_rng(7)

    def answers(self, predictions, slower=1.0):
        times = slower * self.chance.lognormal(2, 0.3, len(predictions))
        return [
            p if isinstance(p, Answer) else Answer(f"id-{n}", n / 100, 200, float(ms), p, 100)
            for n, (p, ms) in enumerate(zip(predictions, times, strict=True))
        ]

    def compare(self, live, candidate, *, slower=1.0, features=None, labels=None, columns=(), batch=200, **rules):
        """Feed both sides batch by batch; the comparison is finished."""
        comparison = ShadowComparison(ShadowRules(labels=labels is not None, **rules), columns)
        live, candidate = self.answers(live), self.answers(candidate, slower)
        for start in range(0, len(live), batch):
            part = slice(start, start + batch)
            numbers = range(start, min(start + batch, len(live)))
            comparison.take(
                live[part],
                candidate[part],
                {f"id-{n}": features[n] for n in numbers} if features else None,
                {f"id-{n}": labels[n] for n in numbers} if labels else None,
            )
        comparison.finish()
        return comparison


@pytest.fixture
def sides():
    return Sides()
