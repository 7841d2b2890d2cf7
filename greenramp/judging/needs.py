"""How many candidate measurements a gate needs: to find harm of its margin, and to prove that there is none.

Wald's limit (1945): log(1/chance of error) over what one candidate measurement tells, with the champion's of the same
time. Below rates of 10 % only "whose is a bad event?" is bet on, from there on every outcome (greenramp.gates).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from greenramp.gates import DriftRule, LatencyRule, RateRule, Rule, SizeRule, candidate_requests
from greenramp.gates.drift_series import ks_reach
from greenramp.gates.histogram import counted, mid_ranks
from greenramp.gates.likelihood import Floats
from greenramp.gates.mean_gate import ENOUGH
from greenramp.gates.one_rate import rate_interval
from greenramp.gates.rate_gate import null_rate
from greenramp.gates.rate_series import COMMON
from greenramp.gates.sample_size import SLOW_RUN

OVERHEAD, RANK_OVERHEAD = 1.35, 2.0
"""Measured: so many times Wald's limit the bets on unknown harm need on average; on ranks they are spread wider."""

SUPPOSED_SLOWDOWN = 0.1
"""Harm looked for where a gate on times has no margin."""

_THETAS = np.geomspace(0.25, 4.0, 12)
_NEVER = 1e15


@dataclass(frozen=True)
class Baseline:
    """What the champion gave a gate lately, or what a person says it gives.

    rate: bad events per measurement, for counted metrics; rate_low, rate_high: what the counts allow as well. values:
    times or sizes of errors. per_request: measurements per request, below 1 where only some requests are labelled.
    """

    rate: float | None = None
    rate_low: float = 0.0
    rate_high: float = 0.0
    values: Floats = field(default_factory=lambda: np.zeros(0))
    per_request: float = 1.0

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 <= self.rate_low <= self.rate <= self.rate_high <= 1:
            raise ValueError(f"rates must lie in [0, 1] and rise: {self.rate_low}, {self.rate}, {self.rate_high}")
        if not self.per_request >= 0:
            raise ValueError(f"per_request must not be negative, not {self.per_request}")

    @classmethod
    def given(cls, rate: float) -> Baseline:
        """A rate that a person gives."""
        return cls(rate, rate, rate)

    @classmethod
    def seen(cls, bad: int, measured: int, requests: int) -> Baseline:
        """From counts."""
        low, high = rate_interval(bad, measured, 0.05)
        return cls(bad / measured, low, high, per_request=measured / requests)


@dataclass(frozen=True)
class Need:
    """Candidate measurements: on average, and what 19 of 20 candidates stay under; inf is never, nan not known.

    about: what it is needed for, or why it is never enough or not known.
    """

    mean: float
    p95: float
    about: str


def to_detect(rule: Rule, base: Baseline, rate: float | None, share: float, alpha: float) -> Need:
    """Until a candidate that is worse by the rule's margin fails. rate: the champion's that is reckoned with."""
    match rule:
        case RateRule():
            if rule.margin is not None:
                return _unknown(rule) if rate is None else _detect_ratio(rule, rate, share, alpha)
            limit = rule.max_rate or 0.0
            worse = min(2 * limit, (1 + limit) / 2)
            return _need(math.log(1 / alpha) / _kl(worse, limit), f"a rate of {100 * worse:.3g} %")
        case LatencyRule():
            margin = rule.margin or SUPPOSED_SLOWDOWN
            about = f"answers {100 * margin:.3g} % slower" + ("" if rule.margin else " (supposed)")
            return _over(math.log(1 / alpha), _rank_growth(base.values, margin, share, harm=True), about, rule)
        case SizeRule():
            about = f"errors {100 * rule.margin:.3g} % larger"
            return _over(math.log(1 / alpha), _mean_growth(base.values, rule.margin, share, 0.0), about, rule)
        case DriftRule():
            about = f"a distance of {min(2 * rule.tolerance, 1):.3g}"
            return _distance_need(rule, share, alpha, about)
    raise TypeError(f"{rule.name}: no estimate for a {type(rule).__name__}")


def to_prove(rule: Rule, base: Baseline, rate: float | None, share: float, beta: float, alpha: float) -> Need:
    """Until a candidate like the champion is shown to be no worse than allowed; of several bounds the slowest."""
    match rule:
        case RateRule():
            if rate is None:
                return _unknown(rule)
            needs = []
            if rule.margin is not None:
                needs.append(_prove_ratio(rule, rule.margin, rate, share, beta))
            if rule.max_rate is not None:
                needs.append(_prove_limit(rule.max_rate, rate, beta))
            return max(needs, key=lambda need: need.mean)
        case LatencyRule():
            about = f"less than {100 * (rule.margin or 0):.3g} % slower"
            growth = _rank_growth(base.values, rule.margin or 0.0, share, harm=False)
            return _over(math.log(1 / beta), growth, about, rule)
        case SizeRule():
            about = f"less than {100 * rule.margin:.3g} % larger"
            growth = _mean_growth(base.values, rule.margin, share, rule.margin)
            return _over(math.log(1 / beta), growth, about, rule)
        case DriftRule():
            return _distance_need(rule, share, alpha, f"a distance below {rule.tolerance:.3g}")
    raise TypeError(f"{rule.name}: no estimate for a {type(rule).__name__}")


def _detect_ratio(rule: RateRule, rate: float, share: float, alpha: float) -> Need:
    margin, needed = rule.margin or 0.0, math.log(1 / alpha)
    if rate <= 0:
        return Need(math.inf, math.inf, "the champion had no bad event to compare with")
    ratio, about = _worse_by(rule, margin)
    floor_need = 0.0
    if rule.floor is not None and rate * ratio < 2 * rule.floor:
        above = min(2 * rule.floor, (1 + rule.floor) / 2)
        ratio, about = above / rate, f"a rate of {100 * above:.3g} % (up to {100 * rule.floor:.3g} % is forgiven)"
        floor_need = needed / _kl(above, rule.floor)
    if not 0 < share < 1:
        return Need(math.inf, math.inf, "no champion beside it")
    if rate >= COMMON and not rule.fewer:
        worse = min(rate * ratio, 1 - (1 - rate) / ratio)
        told = _two_rates(worse, rate, share, 1.0)
    else:
        stretch = 1 + share * (ratio - 1)
        told = rate * (share * ratio * math.log(ratio) - stretch * math.log(stretch)) / share
    return _need(max(needed / told, floor_need) if told > 0 else math.inf, about)


def _worse_by(rule: RateRule, margin: float) -> tuple[float, str]:
    """The ratio to the champion's rate that a margin stands for, and in words."""
    return (1 - margin, f"{100 * margin:.3g} % fewer") if rule.fewer else (1 + margin, f"{100 * margin:.3g} % more")


def _prove_ratio(rule: RateRule, margin: float, rate: float, share: float, beta: float) -> Need:
    about = f"less than {_worse_by(rule, margin)[1]}"
    if rate <= 0:
        return Need(math.inf, math.inf, "the champion had no bad event to compare with")
    if not 0 < share < 1:
        return Need(math.inf, math.inf, "no champion beside it")
    if rule.fewer:
        mean = candidate_requests(rate, -margin, share, beta).mean
    elif rate >= COMMON:
        mean = math.log(1 / beta) / _two_rates(rate, rate, share, 1 + margin) if rate < 1 else math.inf
    else:
        mean = candidate_requests(rate, margin, share, beta).mean
    return Need(mean, SLOW_RUN * mean, about)


def _prove_limit(max_rate: float, rate: float, beta: float) -> Need:
    if rate >= max_rate:
        return Need(math.inf, math.inf, f"the champion's own {100 * rate:.3g} % is above max_rate")
    mean = math.log(1 / beta) / _kl(rate, max_rate)
    return Need(mean, SLOW_RUN * mean, f"less than {100 * max_rate:.3g} % bad")


def _two_rates(q1: float, q0: float, share: float, worst: float) -> float:
    """What one candidate outcome tells, with the champion's beside it, against the nearest rates within a ratio."""
    null0 = float(null_rate(np.asarray(q1), np.asarray(q0), share, 1 - share, worst))
    return _kl(q1, worst * null0) + (1 - share) / share * _kl(q0, null0)


def _rank_growth(values: Floats, margin: float, share: float, *, harm: bool) -> float:
    """By how much the best bet on ranks grows with one candidate answer (natural log), if times are as `values`."""
    if not values.size:
        return math.nan
    if not 0 < share < 1:
        return 0.0
    scale = 1 + margin if harm else 1 / (1 + margin)
    theirs = counted(values) / values.size
    mine = counted(values * scale) / values.size
    pooled = share * mine + (1 - share) * theirs if harm else theirs
    ranks = mid_ranks(np.rint(pooled * 1e9).astype(np.int64))
    tilt = np.outer((ranks - 0.5) if harm else (0.5 - ranks), _THETAS) - np.log(np.sinh(_THETAS / 2) / (_THETAS / 2))
    fair = np.log1p(share * np.expm1(tilt))
    growth = mine @ (tilt - fair) - (1 - share) / share * (theirs @ fair)
    return float(growth.max())


def _mean_growth(values: Floats, margin: float, share: float, stretch: float) -> float:
    """The same for means: half the squared distance of the means over the variance of their difference."""
    if values.size < 2:
        return math.nan
    variance = float(values.var(ddof=1)) * (1 + (1 + stretch) ** 2 * share / (1 - share)) if share < 1 else 0.0
    return (margin * float(values.mean())) ** 2 / (2 * variance) if variance > 0 else 0.0


def _distance_need(rule: DriftRule, share: float, alpha: float, about: str) -> Need:
    """Until both sides' bounds together are no wider than the tolerance; as for numbers."""
    if not 0 < share < 1:
        return Need(math.inf, math.inf, "no champion beside it")

    def wide(count: int) -> bool:
        other = max(1, round(count * (1 - share) / share))
        return ks_reach(count, alpha / 2) + ks_reach(other, alpha / 2) > rule.tolerance

    high = 1
    while wide(high) and high < _NEVER:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return Need(float(high), float(high), about)


def _over(needed: float, growth: float, about: str, rule: Rule) -> Need:
    if math.isnan(growth):
        return _unknown(rule)
    overhead = RANK_OVERHEAD if isinstance(rule, LatencyRule) else OVERHEAD
    need = _need(needed / growth if growth > 0 else math.inf, about, overhead)
    least = ENOUGH if isinstance(rule, SizeRule) else 0
    return Need(max(need.mean, least), max(need.p95, least), about)


def _need(limit: float, about: str, overhead: float = OVERHEAD) -> Need:
    mean = overhead * limit if limit < _NEVER else math.inf
    return Need(mean, SLOW_RUN / OVERHEAD * mean, about)


def _unknown(rule: Rule) -> Need:
    return Need(math.nan, math.nan, f"nothing is known of the champion's measurements for {rule.name}")


def _kl(q: float, p: float) -> float:
    """Kullback and Leibler's divergence of two chances, in nats; p in (0, 1)."""
    return sum(a * math.log(a / b) for a, b in ((q, p), (1 - q, 1 - p)) if a > 0)
