"""Judge one rule: what was seen in, one verdict out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from greenramp.gates.bucket_series import BucketSeries
from greenramp.gates.count_series import CountSeries
from greenramp.gates.drift_series import DriftSeries
from greenramp.gates.findings import (
    Finding,
    compare,
    compare_answers,
    compare_buckets,
    compare_sizes,
    compare_times,
    hold_to_limit,
)
from greenramp.gates.health import Health
from greenramp.gates.latency_series import LatencySeries
from greenramp.gates.rate_series import RateSeries
from greenramp.gates.rules import DriftRule, LatencyRule, RateRule, Role, Rule, SizeRule
from greenramp.gates.size_series import SizeSeries
from greenramp.verdict import Outcome, Verdict

Series = RateSeries | CountSeries | LatencySeries | BucketSeries | SizeSeries | DriftSeries

SILENCE = "nothing counted for the candidate yet, and silence is not a pass"
_FINE = Health()


def judge(rule: Rule, series: Series, alpha: float, beta: float, *, this_step: int, health: Health = _FINE) -> Verdict:
    """Say whether the candidate is proven bad, good enough, or neither; or that the numbers are no good.

    series: all of the release so far, of the kind that belongs to the rule.
    alpha: this rule's part of the chance to fail a good candidate (see `Budget.alpha_of`), halved
        between margin and max_rate when the rule has both, since either can fail it.
    beta: chance to pass a candidate that is as bad as the rule forbids; only `require` uses it.
    this_step: candidate events seen in the current canary step. health: what stands against the numbers.
    May be asked at any time and as often as wished. FAIL needs no minimum of requests. Without
    champion traffic beside the candidate only max_rate can decide, and `margin` cannot be proven.
    """
    for word, chance in (("alpha", alpha), ("beta", beta)):
        if not 0 < chance < 1:
            raise ValueError(f"{rule.name}: {word} must lie between 0 and 1, not {chance}")
    numbers = _counts(series) | {"this_step": float(this_step)} | dict(health.numbers)
    seen = _candidates(series)
    if this_step < 0 or (
        this_step > seen and isinstance(series, RateSeries | CountSeries)
    ):  # elsewhere a user counts once
        raise ValueError(f"{rule.name}: this_step must be 0 to {seen} events, not {this_step}")
    findings = _find(rule, series, alpha, beta) if seen else []
    for finding in findings:
        numbers |= {key: value for key, value in finding.numbers.items() if math.isfinite(value)}
    outcome = _decide(rule, findings, this_step, health)
    sentence = _sentence(rule, outcome, findings, this_step) if findings else SILENCE
    return Verdict(rule.name, outcome, _with_health(sentence, outcome, health), numbers)


def _find(rule: Rule, series: Series, alpha: float, beta: float) -> list[Finding]:
    match rule, series:
        case RateRule(), RateSeries() | CountSeries():
            alpha /= sum(bound is not None for bound in (rule.margin, rule.max_rate))
            findings = []
            if rule.margin is not None:
                findings.append(compare(rule, rule.margin, series, alpha, beta))
            if rule.max_rate is not None:
                findings.append(hold_to_limit(rule, rule.max_rate, series, alpha, beta))
            return findings
        case LatencyRule(), LatencySeries():
            return [compare_times(rule, series, alpha, beta)]
        case LatencyRule(), BucketSeries():
            return [compare_buckets(rule, series, alpha)]
        case SizeRule(), SizeSeries():
            return [compare_sizes(rule, series, alpha, beta)]
        case DriftRule(), DriftSeries():
            return [compare_answers(rule, series, alpha)]
    raise TypeError(f"{rule.name}: a {type(rule).__name__} does not judge a {type(series).__name__}")


def _decide(rule: Rule, findings: Sequence[Finding], this_step: int, health: Health) -> Outcome:
    if rule.role is Role.OBSERVE:
        return Outcome.PASS if findings else Outcome.UNSURE
    if any(finding.harm for finding in findings):
        return Outcome.FAIL
    if health.invalid:
        return Outcome.INVALID
    if health.unavailable:
        return Outcome.UNAVAILABLE
    if this_step < rule.min_requests or not any(finding.compared for finding in findings):
        return Outcome.UNSURE
    if rule.role is Role.REQUIRE and not all(finding.safe for finding in findings):
        return Outcome.UNSURE
    return Outcome.PASS


def _sentence(rule: Rule, outcome: Outcome, findings: Sequence[Finding], this_step: int) -> str:
    """What decided; of a failure only the harm, else also what is still needed."""
    failed = outcome is Outcome.FAIL
    parts: list[str] = []
    seen = ""
    for finding in findings:
        if failed and not finding.harm:
            continue
        words = finding.about_harm + (finding.about_safety if rule.role is Role.REQUIRE and not failed else "")
        parts.append(words.removeprefix(", ") if finding.seen == seen else finding.seen + words)
        seen = finding.seen
    if not failed and rule.role is not Role.OBSERVE and this_step < rule.min_requests:
        parts.append(f"{this_step:,} of the {rule.min_requests:,} requests needed in this step")
    return "; ".join(parts)


def _with_health(sentence: str, outcome: Outcome, health: Health) -> str:
    """First what forbids to judge; at the end what is worth knowing."""
    first = [words for words in (health.invalid, health.unavailable) if words and outcome is not Outcome.FAIL]
    return "; ".join([*first, sentence, *([health.note] if health.note else [])])


def _candidates(series: Series) -> int:
    return series.evidence.candidate if isinstance(series, RateSeries | CountSeries) else series.candidate


def _counts(series: Series) -> dict[str, float]:
    if not isinstance(series, RateSeries | CountSeries):
        return {"candidate_values": series.candidate, "champion_values": series.champion}
    evidence = series.evidence
    return {
        "candidate": evidence.candidate,
        "candidate_bad": evidence.candidate_bad,
        "champion": evidence.champion,
        "champion_bad": evidence.champion_bad,
    }
