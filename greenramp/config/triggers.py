"""What starts a release of a service by itself."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from greenramp.config.base import Strict

CHAMPION, PREVIOUS = "champion", "previous"
"""The aliases a promotion moves."""


def _not_our_own(alias: str) -> str:
    if alias in (CHAMPION, PREVIOUS):
        raise ValueError(f"an alias that Greenramp does not move itself, as it does {CHAMPION} and {PREVIOUS}")
    if alias == "latest" or re.fullmatch(r"v\d+", alias):
        raise ValueError("an alias that MLflow lets people set: not latest, not v and a number")
    return alias


class Triggers(Strict):
    """What asks for a release without anybody starting one; each can be switched off with null."""

    alias: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=255), AfterValidator(_not_our_own)] | None,
        Field(description="A version that gets this alias is released."),
    ] = "challenger"
    stage: Annotated[
        Literal["Staging"] | None, Field(description="A version that is moved to this stage is released.")
    ] = "Staging"
    tag: Annotated[
        Annotated[str, Field(pattern=r"^[^=]+=[^=]+$", max_length=250)] | None,
        Field(description="A version that gets this tag is released, such as greenramp.release=asked."),
    ] = None
    created: Annotated[bool, Field(description="Every version that is registered is released.")] = False
    on_production_by_hand: Annotated[
        Literal["tell", "release"],
        Field(
            description="What follows when a person moves a version to Production. tell: that traffic did not move. "
            "release: the version is released."
        ),
    ] = "tell"
    on_newer: Annotated[
        Literal["wait", "supersede"],
        Field(
            description="What a newer version does that is asked for during a release. wait: until that has ended. "
            "supersede: it takes the release back, unless a person started that, and comes in its place."
        ),
    ] = "wait"

    @property
    def tag_pair(self) -> tuple[str, str] | None:
        """The tag's key and value."""
        if self.tag is None:
            return None
        key, _, value = self.tag.partition("=")
        return key, value
