"""Whether requests with known answers are answered as they should be."""

from __future__ import annotations

from collections.abc import Sequence

from greenramp.config.golden import GoldenRequest
from greenramp.smoke.answer import Answer, Body
from greenramp.smoke.checks import equal, unlike
from greenramp.verdict import Verdict


def body_of(golden: GoldenRequest) -> Body:
    """The request as it is sent."""
    if isinstance(golden.request, str):
        return Body(golden.request.encode(), golden.content_type)
    return Body.of(golden.request)


def as_expected(asked: Sequence[tuple[str, GoldenRequest, Answer]]) -> Verdict:
    """Each golden request has its answer. asked: its title, what is wanted, what came."""
    found = [(title, _fault(golden, answer)) for title, golden, answer in asked]
    return equal("golden", found, "golden requests are answered as expected")


def _fault(golden: GoldenRequest, answer: Answer) -> str | None:
    if golden.expected is not None:
        return unlike(answer, golden.expected, golden.tolerance)
    return None if answer.status == golden.status else f"answered with {answer}, wanted {golden.status}"
