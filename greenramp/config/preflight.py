"""What preflight lets through."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from greenramp.config.base import Strict


class Preflight(Strict):
    """Checks of a version's files before anything is started."""

    signature: Annotated[
        Literal["compatible", "widening", "breaking"],
        Field(description="The most that inputs, parameters and answers may differ from the champion's."),
    ] = "widening"  # a retrained model often takes more than before; who sends today's requests meets no difference
    requirements: Annotated[
        Literal["note", "warn", "refuse"],
        Field(description="env_manager local: what to do when a requirement of the model is not met here."),
    ] = "warn"  # most patch versions do no harm, and the gates see what does
    max_size_mb: Annotated[
        float | None, Field(gt=0, description="Refuse versions whose files are larger, in 10^6 bytes; none: any size.")
    ] = None
    allow_pickle: Annotated[
        bool, Field(description="Let versions through whose files run code while they are loaded (pickle, torch).")
    ] = True  # most models of today are logged so; who takes models from strangers says false
