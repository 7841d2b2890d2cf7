"""What may stand in the configuration files; a value that is not meant is refused, never guessed."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

NAME = r"^[a-z][a-z0-9-]{0,47}$"
"""Services name folders, processes and URL paths, so they are plain."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Metric(StrEnum):
    """What a gate counts as bad."""

    ERRORS = "errors"
    SLOW = "slow"
    WRONG = "wrong"


class GateRole(StrEnum):
    """What a gate may do: take back (guard), also demand proof (require), or only be shown (observe)."""

    GUARD = "guard"
    REQUIRE = "require"
    OBSERVE = "observe"


class Gate(_Strict):
    """A rule on one metric, against the champion's traffic of the same minutes, or absolute, or both."""

    name: Annotated[str, Field(pattern=NAME, description="Shown in verdicts and plots.")]
    metric: Annotated[
        Metric,
        Field(
            strict=False,
            description="errors: not answered well at the first try. slow: slower than slower_than_ms. "
            "wrong: the answer differs from the label that arrived later.",
        ),
    ]
    role: Annotated[GateRole, Field(strict=False)] = GateRole.GUARD
    margin: Annotated[
        float | None, Field(gt=0, le=10, description="Relative harm that matters: 0.2 is a fifth more bad events.")
    ] = None
    floor: Annotated[
        float | None, Field(gt=0, lt=1, description="Relative harm is forgiven while the rate is below this.")
    ] = None
    max_rate: Annotated[float | None, Field(gt=0, lt=1, description="Absolute limit of the bad rate, a fraction.")] = (
        None
    )
    slower_than_ms: Annotated[float | None, Field(gt=0, description="Only for the metric slow.")] = None
    min_requests: Annotated[
        int, Field(ge=1, description="Candidate's requests a step must have seen before this gate passes.")
    ] = 50

    @model_validator(mode="after")
    def _fits_its_metric(self) -> Self:
        if self.margin is None and self.max_rate is None:
            raise ValueError("give margin (against the champion), max_rate (absolute), or both")
        if (self.metric is Metric.SLOW) != (self.slower_than_ms is not None):
            raise ValueError("slower_than_ms belongs to the metric slow, and the metric slow needs it")
        if self.floor is not None and self.margin is None:
            raise ValueError("floor forgives relative harm; without margin there is none")
        if self.floor is not None and self.max_rate is not None and self.floor >= self.max_rate:
            raise ValueError(f"floor ({self.floor:g}) must be below max_rate ({self.max_rate:g})")
        return self


class Environment(_Strict):
    """How a version is made to serve."""

    env_manager: Annotated[
        Literal["local", "uv"],
        Field(description="local: Greenramp's own Python. uv: a virtual environment from the model's requirements."),
    ] = "local"
    replicas: Annotated[int, Field(ge=1, le=32, description="Processes per environment.")] = 1
    start_seconds: Annotated[float, Field(gt=0, description="Longest start: loading the model until it answers.")] = 120
    install_seconds: Annotated[float, Field(gt=0, description="Longest build of a virtual environment (uv).")] = 900
    drain_seconds: Annotated[float, Field(gt=0, description="Longest wait for requests in flight when it stops.")] = 30


class Smoke(_Strict):
    """Checks on a candidate that no user has met."""

    requests: Annotated[int, Field(ge=1, le=1000, description="Requests sent, taken from the input example.")] = 10
    max_latency_ms: Annotated[float, Field(gt=0, description="The median answer after warm-up must be faster.")] = 1000


class Steps(_Strict):
    """How long one rung of the ladder lasts."""

    min_seconds: Annotated[float, Field(gt=0, description="No step is shorter, whatever the gates say.")] = 600
    deadline_seconds: Annotated[
        float, Field(gt=0, description="A step whose gates are unsure this long goes back.")
    ] = 3600

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.deadline_seconds < self.min_seconds:
            raise ValueError(
                f"deadline_seconds ({self.deadline_seconds:g}) is below min_seconds ({self.min_seconds:g})"
            )
        return self


class Promotion(_Strict):
    """What moves in the registry."""

    stages: Annotated[
        bool, Field(description="Also move MLflow's stages: the new version Production, the old one Archived.")
    ] = False


class Service(_Strict):
    """One prediction endpoint: which model, and under which gates its versions are released."""

    model: Annotated[str, Field(pattern=r"^[^'\"/:\n]{1,255}$", description="Registered model in MLflow.")]
    description: str = ""
    environment: Environment = Environment()
    timeout_seconds: Annotated[float, Field(gt=0, le=600, description="Longest single try of a request.")] = 60
    smoke: Smoke = Smoke()
    ladder: Annotated[
        tuple[Annotated[float, Field(gt=0, le=100, multiple_of=0.1)], ...],
        Field(strict=False, min_length=1, description="Candidate's percent of the traffic, step by step."),
    ] = (5.0, 25.0, 50.0, 100.0)
    step: Steps = Steps()
    bake: Steps = Steps(min_seconds=600, deadline_seconds=3600)
    gates: Annotated[tuple[Gate, ...], Field(strict=False, min_length=1)]
    max_false_rollback: Annotated[
        float, Field(gt=0, lt=0.5, description="Chance to take back a candidate that is no worse, all gates together.")
    ] = 0.05
    max_false_promotion: Annotated[
        float, Field(gt=0, lt=0.5, description="Chance that a required gate passes a candidate worse than its margin.")
    ] = 0.05
    lease_seconds: Annotated[
        float, Field(ge=2, le=300, description="A shared split ends this long after the last renewal.")
    ] = 15
    promotion: Promotion = Promotion()
    allow_missing_signature: Annotated[
        bool, Field(description="Release versions without a signature too: nothing then checks their inputs.")
    ] = False

    @model_validator(mode="after")
    def _ladder_rises_and_gates_differ(self) -> Self:
        if any(b <= a for a, b in zip(self.ladder, self.ladder[1:], strict=False)) or self.ladder[-1] != 100:
            raise ValueError(f"ladder must rise and end at 100, not {[f'{p:g}' for p in self.ladder]}")
        names = [g.name for g in self.gates]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"gates: each name once; given more than once: {', '.join(twice)}")
        return self


class Ports(_Strict):
    """Loopback ports of the embedded site."""

    router: Annotated[int, Field(ge=1024, le=65535, description="Where users send requests (Envoy).")] = 18080
    mlflow: Annotated[int, Field(ge=1024, le=65535)] = 18081
    prefect: Annotated[int, Field(ge=1024, le=65535)] = 18082
    first_environment: Annotated[
        int, Field(ge=1024, le=65000, description="Model processes take free ports from here on.")
    ] = 18100

    @model_validator(mode="after")
    def _differ(self) -> Self:
        taken = [self.router, self.mlflow, self.prefect]
        if len(set(taken)) < len(taken):
            raise ValueError(f"router, mlflow and prefect need a port each, not {taken}")
        return self


class Site(_Strict):
    """Where it runs."""

    kind: Literal["local"] = "local"
    ports: Ports = Ports()
