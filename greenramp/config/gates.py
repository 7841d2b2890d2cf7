"""Gates: rules on one metric each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from greenramp.config.base import NAME, Strict


class Metric(StrEnum):
    """What a gate looks at."""

    ERRORS = "errors"
    SLOW = "slow"
    WRONG = "wrong"
    LATENCY = "latency"
    ERROR_SIZE = "error_size"
    CONVERSIONS = "conversions"
    DRIFT = "drift"
    COUNTS = "counts"
    BUCKETS = "buckets"

    @property
    def counted(self) -> bool:
        """Whether it counts bad events; the others compare numbers."""
        return self in (Metric.ERRORS, Metric.SLOW, Metric.WRONG, Metric.COUNTS, Metric.CONVERSIONS)

    @property
    def sourced(self) -> bool:
        """Whether it judges what a named source gives."""
        return self in (Metric.COUNTS, Metric.BUCKETS)

    @property
    def labelled(self) -> bool:
        """Whether it needs labels."""
        return self in (Metric.WRONG, Metric.ERROR_SIZE, Metric.CONVERSIONS)

    @property
    def awaits_all_labels(self) -> bool:
        """Whether each request should get one; of conversions, those that happened are enough."""
        return self in (Metric.WRONG, Metric.ERROR_SIZE)


class GateRole(StrEnum):
    """What a gate may do: take back (guard), also demand proof (require), or only be shown (observe)."""

    GUARD = "guard"
    REQUIRE = "require"
    OBSERVE = "observe"


class Unit(StrEnum):
    """What is drawn by chance to be on one side."""

    REQUEST = "request"
    USER_FIRST = "user_first"
    USER = "user"


_COUNTED_ONLY = ("max_rate", "floor", "hint")
DEFAULT_TOLERANCE, DEFAULT_LABEL_WINDOW, DEFAULT_USER_WINDOW = 0.1, 600.0, 60.0


class Gate(Strict):
    """A rule on one metric, against the champion's traffic of the same minutes, or absolute, or both."""

    name: Annotated[str, Field(pattern=NAME, description="Shown in verdicts and plots.")]
    metric: Annotated[
        Metric,
        Field(
            strict=False,
            description="errors: not answered well at the first try. slow: slower than slower_than_ms. "
            "wrong: the answer differs from the label that arrived later. latency: time to answer, at every quantile. "
            "error_size: absolute difference of a numeric answer and its label, on average. "
            "conversions: labels that are true, clicks or purchases: fewer is worse. "
            "drift: how differently the two sides answer. counts: bad events of all events, from the counters of a "
            "source. buckets: times of any kind, from the histogram of a source.",
        ),
    ]
    source: Annotated[
        str | None, Field(pattern=NAME, description="Only for counts and buckets: which of the service's sources.")
    ] = None
    role: Annotated[GateRole, Field(strict=False)] = GateRole.GUARD
    proof_from_percent: Annotated[
        float,
        Field(
            ge=0, le=100, description="Only for require: at smaller shares nothing has to be shown yet, as for guard."
        ),
    ] = 0
    margin: Annotated[
        float | None, Field(gt=0, le=10, description="Relative harm that matters: 0.2 is a fifth more, or longer.")
    ] = None
    floor: Annotated[
        float | None, Field(gt=0, lt=1, description="Relative harm is forgiven while the rate is below this.")
    ] = None
    max_rate: Annotated[float | None, Field(gt=0, lt=1, description="Absolute limit of the bad rate, a fraction.")] = (
        None
    )
    slower_than_ms: Annotated[float | None, Field(gt=0, description="Only for the metric slow.")] = None
    tolerance: Annotated[
        float | None,
        Field(gt=0, lt=1, description=f"Only for drift: distance that is no harm; {DEFAULT_TOLERANCE:g} if not given."),
    ] = None
    hint: Annotated[
        float | None,
        Field(
            gt=0, le=10, description="Relative harm that is feared most: half of the bets go on it. At least margin."
        ),
    ] = None
    reserve: Annotated[
        float, Field(ge=0, le=0.9, description="Part of the bets kept back for harm that begins later.")
    ] = 0.2
    unit: Annotated[
        Unit,
        Field(
            strict=False,
            description="user_first: a user counts until the first bad event, once where numbers are compared. "
            "user: a user counts once, when user_window_seconds are over, with the mean of all numbers of that time, "
            "or with whether anything was bad; for errors, slow, wrong, latency and error_size. "
            "request: every request counts; only where a user's requests are not kept on one side. Counters of a "
            "source know no users, so counts and buckets have to say request.",
        ),
    ] = Unit.USER_FIRST
    user_window_seconds: Annotated[
        float | None,
        Field(
            gt=0,
            description="Only for unit user: how long after their first measurement a user's measurements go into "
            f"their number; {DEFAULT_USER_WINDOW:g} if not given. So much later everything is known.",
        ),
    ] = None
    weight: Annotated[
        float, Field(gt=0, le=1000, description="This gate's part of max_false_rollback, beside the others' weights.")
    ] = 1.0
    min_requests: Annotated[
        int, Field(ge=1, description="Candidate's requests a step must have seen before this gate passes.")
    ] = 50
    label_window_seconds: Annotated[
        float | None,
        Field(
            gt=0,
            description="Only where labels are needed: how long one is waited for; "
            f"{DEFAULT_LABEL_WINDOW:g} if not given.",
        ),
    ] = None
    grace_seconds: Annotated[
        float, Field(gt=0, description="A source that gives nothing this long while requests come is unavailable.")
    ] = 60

    @property
    def label_window(self) -> float:
        """How long a label is waited for, in seconds."""
        return self.label_window_seconds or DEFAULT_LABEL_WINDOW

    @property
    def user_window(self) -> float:
        """How long a user's measurements go into their number, in seconds; 0 where they do not wait for each other."""
        return (self.user_window_seconds or DEFAULT_USER_WINDOW) if self.unit is Unit.USER else 0.0

    @model_validator(mode="after")
    def _fits_its_metric(self) -> Self:
        metric = self.metric
        if (metric is Metric.SLOW) != (self.slower_than_ms is not None):
            raise ValueError("slower_than_ms belongs to the metric slow, and the metric slow needs it")
        for key in _COUNTED_ONLY:
            if not metric.counted and (seen := getattr(self, key)) is not None:
                raise ValueError(f"{key} ({seen:g}) belongs to errors, slow, wrong and counts; {metric} counts nothing")
        if metric is not Metric.DRIFT and self.tolerance is not None:
            raise ValueError(f"tolerance ({self.tolerance:g}) belongs to the metric drift; {metric} has margin")
        if metric is Metric.DRIFT and self.margin is not None:
            raise ValueError(f"margin ({self.margin:g}) says nothing about drift; give tolerance, a distance in (0, 1)")
        if not metric.labelled and self.label_window_seconds is not None:
            raise ValueError(
                f"label_window_seconds belongs to wrong, error_size and conversions; {metric} needs no labels"
            )
        self._fits_its_source()
        self._fits_its_unit()
        self._has_something_to_judge_by()
        return self

    def _fits_its_source(self) -> None:
        if self.metric.sourced != (self.source is not None):
            raise ValueError(f"source belongs to counts and buckets, and these need it; the metric is {self.metric}")
        if self.metric.sourced and self.unit is not Unit.REQUEST:
            raise ValueError(
                f"unit must be request for {self.metric}: counters know no users, so one user's hundred bad events "
                "count a hundred times, and chances of error hold only where events do not hang together"
            )
        if self.metric is Metric.BUCKETS and self.role is GateRole.REQUIRE:
            raise ValueError(
                "buckets can't be required: what lies between two bounds is not seen, so they prove no margin; "
                "let them guard, and require counts with bad: <all> - <bucket le of the limit>, and margin or max_rate"
            )
        if self.metric is Metric.BUCKETS and self.margin is not None:
            raise ValueError(f"margin ({self.margin:g}) can't be shown from buckets: times between bounds are not seen")

    def _fits_its_unit(self) -> None:
        if self.unit is Unit.USER and self.metric is Metric.CONVERSIONS:
            raise ValueError(
                "unit can't be user for conversions: nobody tells of users that nothing came of; give user_first"
            )
        if self.unit is Unit.USER and self.metric is Metric.DRIFT:
            raise ValueError("unit can't be user for drift: answers may be classes, without a mean; give user_first")
        if self.unit is not Unit.USER and self.user_window_seconds is not None:
            raise ValueError(
                f"user_window_seconds ({self.user_window_seconds:g}) belongs to unit user; it is {self.unit}"
            )

    def _has_something_to_judge_by(self) -> None:
        if self.metric.counted and self.margin is None and self.max_rate is None:
            raise ValueError("give margin (against the champion), max_rate (absolute), or both")
        if self.metric is Metric.CONVERSIONS:
            self._is_held_against_the_champion()
        if self.metric is Metric.ERROR_SIZE and self.margin is None:
            raise ValueError("error_size needs margin: 0.02 is an error 2 % larger on average than the champion's")
        if self.proof_from_percent and self.role is not GateRole.REQUIRE:
            raise ValueError(
                f"proof_from_percent ({self.proof_from_percent:g}) belongs to role require; it is {self.role}"
            )
        if self.metric is Metric.LATENCY and self.role is GateRole.REQUIRE and self.margin is None:
            raise ValueError("latency with role require needs margin: 0.1 asks for proof of less than 10 % slower")
        if self.floor is not None and self.margin is None:
            raise ValueError("floor forgives relative harm; without margin there is none")
        if self.floor is not None and self.max_rate is not None and self.floor >= self.max_rate:
            raise ValueError(f"floor ({self.floor:g}) must be below max_rate ({self.max_rate:g})")
        if self.hint is not None and (self.margin is None or self.hint < self.margin):
            raise ValueError(f"hint ({self.hint:g}) must be at least margin, and needs one")

    def _is_held_against_the_champion(self) -> None:
        if self.margin is None or self.margin >= 1:
            seen = "none" if self.margin is None else f"{self.margin:g}"
            raise ValueError(f"conversions needs a margin below 1, not {seen}: 0.05 is one click of twenty less")
        if self.hint is not None and self.hint >= 1:
            raise ValueError(f"hint ({self.hint:g}) must be below 1: no more than all of the clicks can be lost")
        for key in ("max_rate", "floor"):
            if (seen_rate := getattr(self, key)) is not None:
                raise ValueError(f"{key} ({seen_rate:g}) is a limit of what is bad; conversions are wanted")
