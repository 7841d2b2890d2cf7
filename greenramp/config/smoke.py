"""Checks on a candidate that no user has met: how many requests, and what they may show."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, field_validator

from greenramp.config.base import NAME, Strict


class Tolerance(Strict):
    """How far two numbers may lie apart and still be the same: by either measure, as in Python's math.isclose."""

    absolute: Annotated[float, Field(ge=0, description="In the answers' own unit.")] = 1e-6
    relative: Annotated[float, Field(ge=0, lt=1, description="As a fraction of the larger of the two.")] = 1e-5


def as_tolerance(value: Any) -> Any:
    """One number stands for both measures; anything else is left for pydantic to judge."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"absolute": value, "relative": value} if is_number else value


class Smoke(Strict):
    """Checks on a candidate that no user has met."""

    requests: Annotated[int, Field(ge=1, le=1000, description="Requests sent, taken from the input example.")] = 10
    recorded_requests: Annotated[
        int,
        Field(ge=0, le=1000, description="Newest inputs of real users that are tried too, where inputs are logged."),
    ] = 20
    tolerance: Annotated[
        Tolerance, Field(description="What counts as the same answer; one number stands for absolute and relative.")
    ] = Tolerance()  # relative: float32 models differ by some 1e-6 with the number of rows in a request
    deterministic: Annotated[bool, Field(description="The same request must be answered the same each time.")] = True
    rows_independent: Annotated[
        bool, Field(description="A row's answer must not depend on the other rows of its request.")
    ] = True
    compare_in_process: Annotated[
        bool, Field(description="Also load the model without a server and compare; needs its memory a second time.")
    ] = True
    latency_requests: Annotated[int, Field(ge=5, le=1000, description="Requests of one row that are timed.")] = 40
    max_latency_ms: Annotated[float, Field(gt=0, description="The median answer after warm-up must be faster.")] = 1000
    max_p95_latency_ms: Annotated[
        float | None, Field(gt=0, description="19 of 20 answers must be faster; without it the figure is only shown.")
    ] = None
    endurance_requests: Annotated[
        int, Field(ge=0, le=100_000, description="Requests sent as fast as they are answered; 0 leaves this out.")
    ] = 600
    endurance_seconds: Annotated[float, Field(gt=0, le=600, description="They end after this long at the latest.")] = 10
    max_memory_mb: Annotated[
        float | None, Field(gt=0, description="Most memory of all its processes; without it the figure is only shown.")
    ] = None
    max_memory_growth_mb: Annotated[
        float, Field(gt=0, description="Most lasting growth of its memory per 1,000 requests.")
    ] = 50
    expectations: Annotated[
        str | None,
        Field(
            pattern=NAME, description="Suite that all answers of the smoke test are asked, as it is called for gates."
        ),
    ] = None
    max_cold_start_seconds: Annotated[
        float | None, Field(gt=0, description="Longest start until it answers; without it the figure is only shown.")
    ] = None

    @field_validator("tolerance", mode="before")
    @classmethod
    def _one_number_is_both(cls, value: Any) -> Any:
        return as_tolerance(value)
