"""What a site tells people, and where the addresses come from; addresses are secrets and stand in no file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from greenramp.config.base import Strict
from greenramp.news import Kind


class Notifications(Strict):
    """To whom and of what; the environment's GREENRAMP_NOTIFY names targets too."""

    block: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}$", description="Prefect's Secret block that holds Apprise addresses."),
    ] = None
    on: Annotated[
        tuple[Annotated[Kind, Field(strict=False)], ...],
        Field(strict=False, description="Of what; without it of everything."),
    ] = tuple(Kind)
