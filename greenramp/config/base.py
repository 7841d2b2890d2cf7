"""What all configuration models share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

NAME = r"^[a-z][a-z0-9-]{0,47}$"
"""Services name folders, processes and URL paths, so they are plain."""


class Strict(BaseModel):
    """A model that refuses what it does not know, and guesses no types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
