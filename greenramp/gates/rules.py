"""What a gate is told: one rule for each metric, and how much error all rules together may make."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

LARGEST_MARGIN = 10.0  # eleven times as often; the alternatives of the comparison end at twenty times


class Role(StrEnum):
    """What a rule may do to a release."""

    GUARD = "guard"  # can stop the candidate, has nothing to prove
    REQUIRE = "require"  # a guard that also has to be shown good before the next step
    OBSERVE = "observe"  # reported only

    @property
    def can_stop(self) -> bool:
        """Whether a rule of this role can fail a candidate."""
        return self is not Role.OBSERVE


@dataclass(frozen=True)
class Rule:
    """What every rule has.

    min_requests: candidate events a canary step needs before it can pass. A failure needs no minimum.
    weight: this rule's part of the chance of error, beside the others' weights.
    """

    name: str
    role: Role
    min_requests: int
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError(f"a rule needs a name: {self}")
        if self.min_requests < 1:
            raise ValueError(f"{self.name}: min_requests must be at least 1, not {self.min_requests}")
        if not 0 < self.weight <= 1000:
            raise ValueError(f"{self.name}: weight must be above 0 and at most 1000, not {self.weight}")

    def _refuse_margin(self, margin: float | None) -> None:
        if margin is not None and not 0 < margin <= LARGEST_MARGIN:
            raise ValueError(f"{self.name}: margin must be above 0 and at most {LARGEST_MARGIN:g}, not {margin}")


@dataclass(frozen=True, kw_only=True)
class RateRule(Rule):
    """How often something bad may happen on the candidate.

    bad: what is counted, as plural words that follow "12 of 40": "requests failed", "answers wrong".
    margin: relative harm that matters, in (0, 10]: 0.2 is "a fifth more often than the champion";
        None leaves the champion out of it.
    max_rate: the most allowed whatever the champion does, a fraction in (0, 1); None sets no limit.
    fewer: fewer of what is counted is worse: it is wanted.
    floor: relative harm is forgiven until the candidate's own rate is shown to be above this fraction;
        for metrics whose champion is so near zero that twice as often is still nothing.
    """

    bad: str
    margin: float | None = None
    max_rate: float | None = None
    floor: float | None = None
    fewer: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.bad.strip():
            raise ValueError(f"{self.name}: a rule needs words for what it counts")
        if self.margin is None and self.max_rate is None:
            raise ValueError(f"{self.name}: give margin or max_rate, or it has nothing to judge by")
        self._refuse_margin(self.margin)
        if self.fewer and (self.margin is None or self.margin >= 1 or self.max_rate is not None):
            raise ValueError(f"{self.name}: what is wanted is held against the champion's, with a margin below 1")
        for word, rate in (("max_rate", self.max_rate), ("floor", self.floor)):
            if rate is not None and not 0 < rate < 1:
                raise ValueError(f"{self.name}: {word} must lie between 0 and 1, not {rate}")
        if self.floor is not None and self.margin is None:
            raise ValueError(f"{self.name}: floor forgives relative harm, so it needs a margin")
        if self.floor is not None and self.max_rate is not None and self.floor >= self.max_rate:
            raise ValueError(f"{self.name}: floor {self.floor} must be below max_rate {self.max_rate}")


@dataclass(frozen=True, kw_only=True)
class LatencyRule(Rule):
    """The candidate may not be slower; `require` has it shown that it is slower by less than `margin`."""

    margin: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_margin(self.margin)
        if self.role is Role.REQUIRE and self.margin is None:
            raise ValueError(f"{self.name}: proof of safety needs a margin")


@dataclass(frozen=True, kw_only=True)
class SizeRule(Rule):
    """The candidate's errors may not be larger on average; `margin` is the relative harm that matters."""

    margin: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self._refuse_margin(self.margin)


@dataclass(frozen=True, kw_only=True)
class DriftRule(Rule):
    """The candidate's answers may be no further than `tolerance`, a distance in (0, 1), from the champion's."""

    tolerance: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.tolerance < 1:
            raise ValueError(f"{self.name}: tolerance must lie between 0 and 1, not {self.tolerance}")


@dataclass(frozen=True)
class Budget:
    """Chances of error for one whole release, however often it is looked at.

    alpha: at most this chance that a candidate no worse than the champion is sent back.
    beta: at most this chance that a `require` rule passes a candidate worse by its margin.
    """

    alpha: float = 0.05
    beta: float = 0.05

    def __post_init__(self) -> None:
        for word, chance in (("alpha", self.alpha), ("beta", self.beta)):
            if not 0 < chance < 1:
                raise ValueError(f"{word} must lie between 0 and 1, not {chance}")

    def alpha_of(self, rule: Rule, rules: Iterable[Rule]) -> float:
        """Return a rule's part of alpha, by the weights of all that can stop the release (Bonferroni).

        Any one of them can send the candidate back, so their chances of error add up. `beta` is not
        divided: every `require` rule has to pass, so the release errs no more often than one of them.
        """
        stopping = sum(r.weight for r in rules if r.role.can_stop)
        return self.alpha * rule.weight / stopping if rule.role.can_stop else self.alpha
