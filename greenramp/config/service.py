"""A service: which model, how it serves, and under which gates its versions are released."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from greenramp.config.base import Strict
from greenramp.config.gates import Gate
from greenramp.config.traffic import Traffic


class Environment(Strict):
    """How a version is made to serve."""

    env_manager: Annotated[
        Literal["local", "uv"],
        Field(description="local: Greenramp's own Python. uv: a virtual environment from the model's requirements."),
    ] = "local"
    replicas: Annotated[int, Field(ge=1, le=32, description="Processes per environment.")] = 1
    start_seconds: Annotated[float, Field(gt=0, description="Longest start: loading the model until it answers.")] = 120
    install_seconds: Annotated[float, Field(gt=0, description="Longest build of a virtual environment (uv).")] = 900
    drain_seconds: Annotated[float, Field(gt=0, description="Longest wait for requests in flight when it stops.")] = 30


class Smoke(Strict):
    """Checks on a candidate that no user has met."""

    requests: Annotated[int, Field(ge=1, le=1000, description="Requests sent, taken from the input example.")] = 10
    max_latency_ms: Annotated[float, Field(gt=0, description="The median answer after warm-up must be faster.")] = 1000


class Steps(Strict):
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


class Promotion(Strict):
    """What moves in the registry."""

    stages: Annotated[
        bool, Field(description="Also move MLflow's stages: the new version Production, the old one Archived.")
    ] = False


class Service(Strict):
    """One prediction endpoint: which model, and under which gates its versions are released."""

    model: Annotated[str, Field(pattern=r"^[^'\"/:\n]{1,255}$", description="Registered model in MLflow.")]
    description: str = ""
    environment: Environment = Environment()
    traffic: Traffic = Traffic()
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
    allow_undecidable: Annotated[
        bool, Field(description="Start a release even if today's traffic is too little for a required gate.")
    ] = False

    @model_validator(mode="after")
    def _ladder_rises_and_gates_differ(self) -> Self:
        if any(b <= a for a, b in zip(self.ladder, self.ladder[1:], strict=False)) or self.ladder[-1] != 100:
            raise ValueError(f"ladder must rise and end at 100, not {[f'{p:g}' for p in self.ladder]}")
        names = [g.name for g in self.gates]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"gates: each name once; given more than once: {', '.join(twice)}")
        return self
