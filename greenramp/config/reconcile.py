"""What follows when somebody changes by hand what Greenramp keeps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from greenramp.config.base import Strict


class Reconcile(Strict):
    """Each is looked at once a minute, and told; what Greenramp does beside that."""

    alias: Annotated[
        Literal["tell", "restore"],
        Field(description="The alias champion names another version than the one that serves. restore: it is moved."),
    ] = "tell"
    environment: Annotated[
        Literal["restart", "tell"],
        Field(description="Processes of the serving version do not run. restart: they are started again."),
    ] = "restart"
    route: Annotated[
        Literal["tell", "restore"],
        Field(description="The router's files were edited. restore: what the router took last is put back."),
    ] = "tell"
