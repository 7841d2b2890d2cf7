"""A site: where it runs."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from greenramp.config.base import Strict
from greenramp.config.freeze import Calendar
from greenramp.config.notifications import Notifications
from greenramp.config.traffic import EdgeLimits


class Ports(Strict):
    """Loopback ports of the embedded site."""

    router: Annotated[int, Field(ge=1024, le=65535, description="Where users send requests (Envoy).")] = 18080
    mlflow: Annotated[int, Field(ge=1024, le=65535)] = 18081
    prefect: Annotated[int, Field(ge=1024, le=65535)] = 18082
    outcomes: Annotated[int, Field(ge=1024, le=65535, description="Where labels are sent.")] = 18083
    webhooks: Annotated[int, Field(ge=1024, le=65535, description="Where MLflow tells of aliases and tags.")] = 18084
    first_environment: Annotated[
        int, Field(ge=1024, le=65000, description="Model processes take free ports from here on.")
    ] = 18100

    @model_validator(mode="after")
    def _differ(self) -> Self:
        taken = [self.router, self.mlflow, self.prefect, self.outcomes, self.webhooks]
        if len(set(taken)) < len(taken):
            raise ValueError(f"router, mlflow, prefect, outcomes and webhooks need a port each, not {taken}")
        return self


class Site(Strict):
    """Where it runs."""

    kind: Literal["local"] = "local"
    ports: Ports = Ports()
    edge: EdgeLimits = EdgeLimits()
    freeze: Calendar = ()
    notifications: Notifications = Notifications()
