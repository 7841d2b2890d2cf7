"""The answers of a smoke test, asked of a suite of expectations."""

from __future__ import annotations

from collections.abc import Sequence

from greenramp.config import Suite
from greenramp.smoke.answer import Answer
from greenramp.suites.answers import outputs_of
from greenramp.verdict import Verdict

_COLUMNS = ("status", "failed", "ms", "rows", "prediction")


def as_suite(name: str, suite: Suite, answers: Sequence[Answer]) -> Verdict:
    """Whether all answers look as the suite says. answers: to every request that should be answered."""
    from greenramp.clients.expectations import validate
    from greenramp.clients.steptable import frame_of
    from greenramp.suites.expectations import verdict_of

    rows = [
        {"status": a.status, "failed": not a.good, "ms": a.ms, **outputs_of(a.predictions if a.good else None)}
        for a in answers
    ]
    return verdict_of("smoke/expectations", validate(name, suite, frame_of(rows, _COLUMNS)), len(rows), 1)
