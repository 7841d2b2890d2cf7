"""What a shadow comparison allows, and how its chance of error is split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from greenramp.gates.rules import LARGEST_MARGIN
from greenramp.shadow.comparing import Tolerances
from greenramp.shadow.kinds import Kind

PREFIX = "shadow/"


class Test(StrEnum):
    """One question that is judged; the value is what its verdict is named, after PREFIX."""

    __test__ = False  # pytest would take it for a test class

    VALID = "valid-answers"
    AGREEMENT = "agreement"
    DIFFERENCE = "difference"
    DISTANCE = "distance"
    SLICES = "slices"
    ERRORS = "errors"
    LATENCY = "latency"
    BUDGET = "latency-budget"
    ACCURACY = "accuracy"
    ERROR_SIZE = "error-size"


_WEIGHTS = {Test.ACCURACY: 4.0, Test.ERROR_SIZE: 4.0}
"""Labels are few and what they say is subtle, so they get most of the chance of error; the others weigh 1."""

PROVABLE = frozenset(Test) - {Test.SLICES}


@dataclass(frozen=True, kw_only=True)
class ShadowRules:
    """Limits of one comparison; a limit that is None is not judged.

    max_disagreement: share of requests that may be answered differently, a fraction in (0, 1); also the default of
        max_slice_disagreement, which holds for each slice.
    same_within, threshold, top: when two answers are the same, see Tolerances.
    max_difference: mean difference of numbers, in parts of the champion's spread (of probabilities: as it is).
    max_distance: largest distance of the two distributions (Kolmogorov-Smirnov), in (0, 1).
    max_invalid: share of requests that may get no valid answer (null, wrong type, wrong number of rows).
    error_margin: relative harm that matters. latency_margin: how much longer the candidate may take, at any quantile.
    latency_budget_ms, max_over_budget: longest time that is fine, and the share of requests that may take longer.
    max_accuracy_drop, max_error_growth: how much less right the candidate may be: points of accuracy, relative size of
        errors; judged when `labels` says that labels will come.
    max_unpaired: share of the copied requests that may stay without a pair. copied: share of the live requests that
        is copied (the mirror's), in (0, 1].
    min_pairs: pairs before anything passes; a failure needs no minimum. require: tests that have to be shown good;
        the others pass while nothing is shown against them.
    alpha, beta: chance of failing an equal candidate, over all tests and looks together; of passing a worse one.
    silence_seconds: without a pair for so long, though requests come, the shadow is unavailable.
    """

    max_disagreement: float | None = 0.1
    max_slice_disagreement: float | None = None
    same_within: float = 0.2
    threshold: float | None = None
    top: int = 10
    max_difference: float | None = 0.1
    max_distance: float | None = 0.1
    max_invalid: float | None = 0.001
    error_margin: float | None = 0.2
    latency_margin: float | None = 0.5
    latency_budget_ms: float | None = None
    max_over_budget: float = 0.01
    labels: bool = False
    max_accuracy_drop: float | None = 0.01
    max_error_growth: float | None = 0.05
    max_unpaired: float = 0.1
    copied: float = 1.0
    min_pairs: int = 200
    require: tuple[Test, ...] = (Test.AGREEMENT,)
    answers: Kind | None = None
    alpha: float = 0.05
    beta: float = 0.05
    silence_seconds: float = 30.0

    def __post_init__(self) -> None:
        fractions = ["max_disagreement", "max_slice_disagreement", "max_distance", "max_invalid", "max_over_budget"]
        fractions += ["max_accuracy_drop", "max_unpaired", "alpha", "beta"]
        positive = ["same_within", "top", "max_difference", "error_margin", "latency_margin", "latency_budget_ms"]
        positive += ["max_error_growth", "min_pairs", "silence_seconds"]
        for names, most in ((fractions, 1.0), (positive, float("inf"))):
            for name in names:
                value = getattr(self, name)
                if value is not None and not 0 < value < most:
                    raise ValueError(f"shadow.{name} must lie between 0 and {most:g}, not {value}")
        if self.error_margin is not None and self.error_margin > LARGEST_MARGIN:
            raise ValueError(f"shadow.error_margin must be at most {LARGEST_MARGIN:g}, not {self.error_margin}")
        if not 0 < self.copied <= 1:
            raise ValueError(f"shadow.copied must be above 0 and at most 1, not {self.copied}")
        if unprovable := set(self.require) - PROVABLE:
            raise ValueError(f"shadow.require: {', '.join(sorted(unprovable))} can't be shown good, only bad")
        if not self.labels and (unseen := {Test.ACCURACY, Test.ERROR_SIZE} & set(self.require)):
            raise ValueError(f"shadow.require: {', '.join(sorted(unseen))} needs shadow.labels: true")

    @property
    def tolerances(self) -> Tolerances:
        """When two answers are the same."""
        return Tolerances(self.same_within, self.threshold, self.top)

    @property
    def slice_limit(self) -> float | None:
        """The most disagreement that a slice may have."""
        return self.max_disagreement if self.max_slice_disagreement is None else self.max_slice_disagreement

    def tests(self, kind: Kind | None, *, sliced: bool) -> list[Test]:
        """Tests that are judged for answers of a kind; None when nothing can be said of them, which is no pass."""
        decided = kind is not Kind.PROBABILITY or self.threshold is not None
        on = {
            Test.VALID: self.max_invalid,
            Test.AGREEMENT: self.max_disagreement,
            Test.DIFFERENCE: kind and kind.measurable and self.max_difference,
            Test.DISTANCE: kind and kind.numeric and self.max_distance,
            Test.SLICES: sliced and self.slice_limit,
            Test.ERRORS: self.error_margin,
            Test.LATENCY: self.latency_margin,
            Test.BUDGET: self.latency_budget_ms,
            Test.ACCURACY: self.labels and kind and _has_classes(kind) and decided and self.max_accuracy_drop,
            Test.ERROR_SIZE: self.labels and kind and _has_sizes(kind, decided) and self.max_error_growth,
        }
        return [test for test in Test if on[test]]

    def alpha_of(self, test: Test, tests: Iterable[Test]) -> float:
        """A test's part of alpha (Bonferroni): any one can fail the candidate, so their chances of error add up."""
        return self.alpha * _WEIGHTS.get(test, 1.0) / sum(_WEIGHTS.get(each, 1.0) for each in {test, *tests})


def _has_classes(kind: Kind) -> bool:
    return kind not in (Kind.NUMBERS, Kind.OUTPUTS)


def _has_sizes(kind: Kind, decided: bool) -> bool:
    return kind in (Kind.NUMBERS, Kind.OUTPUTS) or (kind is Kind.PROBABILITY and not decided)
