"""Where a release waits for a person's approval."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from greenramp.config.base import Strict

SHADOW, PROMOTION = "shadow", "promotion"


def _is_a_place(before: str | float) -> str | float:
    if before in (SHADOW, PROMOTION) or (isinstance(before, int | float) and 0 < before < 100):
        return before
    if before == 100:
        raise ValueError(f"before 100 is called {PROMOTION}: the candidate gets all traffic there")
    raise ValueError(f"must be {SHADOW}, a percent of the ladder below 100, or {PROMOTION}, not {before!r}")


class Approval(Strict):
    """One place at which the release stands still until somebody approves; gates go on judging meanwhile."""

    before: Annotated[
        str | float,
        AfterValidator(_is_a_place),
        Field(
            description="What must not begin without approval. shadow: the shadow step. A percent of the ladder: that "
            "share. promotion: all traffic; it is the only place in the first release of a service."
        ),
    ]
    expires_seconds: Annotated[
        float, Field(gt=0, le=30 * 86400, description="How long it waits for an answer; a pause stops this clock.")
    ] = 86400
    on_expiry: Annotated[
        Literal["back", "continue"], Field(description="Without an answer: put everything back, or go on.")
    ] = "back"

    @property
    def place(self) -> str:
        """The same in words: shadow, 25 %, promotion."""
        return self.before if isinstance(self.before, str) else place_of(self.before)


def place_of(percent: float) -> str:
    """What the share `percent` of the ladder is called as a place."""
    return PROMOTION if percent == 100 else f"{percent:g} %"
