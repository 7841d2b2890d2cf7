"""The shadow step: how much of live traffic the candidate gets copies of, and how far its answers may differ."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from greenramp.config.base import NAME, Strict
from greenramp.traffic.handling import MAX_MIRROR_KB

Fraction = Annotated[float | None, Field(gt=0, lt=1)]
Margin = Annotated[float | None, Field(gt=0, le=10)]
Above = Annotated[float | None, Field(gt=0, le=1000)]


class Proof(StrEnum):
    """What may have to be shown before the shadow passes."""

    VALID = "valid-answers"
    AGREEMENT = "agreement"
    DIFFERENCE = "difference"
    DISTANCE = "distance"
    ERRORS = "errors"
    LATENCY = "latency"
    BUDGET = "latency-budget"
    ACCURACY = "accuracy"
    ERROR_SIZE = "error-size"


class Answers(StrEnum):
    """Kinds of answers."""

    LABELS = "labels"
    PROBABILITY = "probability"
    NUMBERS = "numbers"
    CLASS_PROBABILITIES = "class probabilities"
    OUTPUTS = "outputs"
    RANKINGS = "rankings"
    OTHER = "other"


class Slices(Strict):
    """Parts of the traffic that are also looked at one by one."""

    columns: Annotated[
        tuple[str, ...], Field(strict=False, max_length=8, description="Columns of the request's first row.")
    ] = ()
    headers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")], ...],
        Field(strict=False, max_length=8, description="Headers of the request."),
    ] = ()


class Replay(Strict):
    """Recorded requests sent to both versions beside the copies, where traffic is thin; users never see them."""

    per_second: Annotated[float, Field(gt=0, le=1000)] = 20
    requests: Annotated[int, Field(ge=1, le=100_000, description="The newest so many; again from the first.")] = 1000


class Shadow(Strict):
    """Copies of live requests go to the candidate, whose answers are compared and reach nobody."""

    enabled: bool = True
    percent: Annotated[float, Field(gt=0, le=100, multiple_of=0.1, description="Share of requests copied.")] = 100
    max_body_kb: Annotated[
        int, Field(ge=1, le=MAX_MIRROR_KB, description="Larger requests are not copied; copies wait in memory.")
    ] = 1024
    min_seconds: Annotated[float, Field(gt=0, description="The step is no shorter.")] = 60
    deadline_seconds: Annotated[float, Field(gt=0, description="A shadow unsure this long goes back.")] = 900
    silence_seconds: Annotated[
        float, Field(gt=0, description="Without a pair for so long, though requests come, the shadow has failed.")
    ] = 10
    min_pairs: Annotated[int, Field(ge=1, description="Pairs needed before it passes; a failure needs no minimum.")] = (
        200
    )
    require: Annotated[
        tuple[Annotated[Proof, Field(strict=False)], ...],
        Field(
            strict=False, description="What has to be shown good; the rest passes while nothing is shown against it."
        ),
    ] = (Proof.AGREEMENT,)
    max_disagreement: Annotated[
        Fraction, Field(description="Share of requests that may be answered differently. null: not judged.")
    ] = 0.1
    max_slice_disagreement: Annotated[
        Fraction, Field(description="The same within each slice; as max_disagreement if not given.")
    ] = None
    same_within: Annotated[
        float, Field(gt=0, le=1000, description="Numbers this close count as the same, in parts of the usual spread.")
    ] = 0.2
    threshold: Annotated[Fraction, Field(description="Probabilities on the same side of it are the same decision.")] = (
        None
    )
    top: Annotated[int, Field(ge=1, le=1000, description="Rankings are compared by their first so many.")] = 10
    max_difference: Annotated[
        Above, Field(description="Mean difference of numbers, in parts of the champion's spread. null: not judged.")
    ] = 0.1
    max_distance: Annotated[
        Fraction, Field(description="Distance of both sides' distributions (Kolmogorov-Smirnov). null: not judged.")
    ] = 0.1
    max_invalid: Annotated[
        Fraction, Field(description="Share of requests that may get no valid answer: null, NaN, another form.")
    ] = 0.001
    error_margin: Annotated[Margin, Field(description="Failing so much more often than the champion is harm.")] = 0.2
    latency_margin: Annotated[
        Margin, Field(description="Taking so much longer than the champion is slower: 1 is twice as long.")
    ] = 1.0
    latency_budget_ms: Annotated[Above | None, Field(le=600_000, description="Longer answers are too slow.")] = None
    max_over_budget: Annotated[float, Field(gt=0, lt=1, description="Share that may be too slow.")] = 0.01
    labels: Annotated[bool, Field(description="Labels come in time, so right and wrong is judged, too.")] = False
    max_accuracy_drop: Annotated[Fraction, Field(description="Points of accuracy that may be lost; 0.01 is one.")] = (
        0.01
    )
    max_error_growth: Annotated[Margin, Field(description="Relative growth of numeric errors.")] = 0.05
    answers: Annotated[
        Answers | None,
        Field(
            strict=False, description="What answers are, where that can't be seen: 0, 1, 2 may be classes or numbers."
        ),
    ] = None
    pair_timeout_seconds: Annotated[
        float, Field(gt=0, le=600, description="How long an answer waits for the other version's.")
    ] = 10
    max_unpaired: Annotated[float, Field(gt=0, lt=1, description="Share of copies that may stay without a pair.")] = 0.1
    slices: Slices = Slices()
    expectations: Annotated[
        str | None, Field(pattern=NAME, description="great-expectations suite for the table of pairs, by its name.")
    ] = None
    examples: Annotated[bool, Field(description="Keep the worst examples with the release record.")] = True
    example_columns: Annotated[
        tuple[str, ...] | None, Field(strict=False, description="Input columns shown with them; none if not given.")
    ] = None
    replay: Annotated[Replay | None, Field(description="Also replay recorded requests; needs logged inputs.")] = None

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        if self.deadline_seconds < self.min_seconds:
            raise ValueError(
                f"deadline_seconds ({self.deadline_seconds:g}) is below min_seconds ({self.min_seconds:g})"
            )
        return self
