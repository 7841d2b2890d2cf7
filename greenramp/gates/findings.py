"""What the tests of a rule find, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from greenramp.gates.bucket_series import BucketSeries
from greenramp.gates.count_series import CountSeries
from greenramp.gates.drift_series import DriftSeries
from greenramp.gates.latency_series import LatencySeries
from greenramp.gates.mean_gate import ENOUGH
from greenramp.gates.one_rate import OneRate, rate_interval
from greenramp.gates.rate_series import RateSeries
from greenramp.gates.ratios import comparable, ratio, ratio_interval
from greenramp.gates.rules import DriftRule, LatencyRule, RateRule, Role, Rule, SizeRule
from greenramp.gates.size_series import SizeSeries
from greenramp.gates.wording import against_champion, number, odds, on_candidate, percent, times_as_often

INTERVAL_ALPHA = 0.05  # intervals are for reading, at the customary 95 %; decisions use the rule's own alpha


@dataclass(frozen=True)
class Finding:
    """One test's answer.

    seen: the candidate's counts; about_harm: how it stands with harm, to follow them; about_safety: with "no harm".
    numbers: the same as values; evidence as log10.
    harm, safe: whether enough evidence of either was found. compared: False when there was nothing to compare.
    """

    seen: str
    about_harm: str
    about_safety: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)
    harm: bool = False
    safe: bool = False
    compared: bool = True


def compare(rule: RateRule, margin: float, series: RateSeries | CountSeries, alpha: float, beta: float) -> Finding:
    """Hold the candidate's rate against the champion's, in the strata where both had traffic."""
    evidence = series.evidence
    both = comparable(evidence)
    if both.candidate == 0 or both.champion == 0:  # a champion that reports nothing is no proof of harm
        return Finding(on_candidate(evidence, rule.bad), _ALONE, compared=False)
    against, in_favour = series.log_against(), series.log_for()
    best, (low, high) = ratio(both), ratio_interval(both, INTERVAL_ALPHA)
    harm = against >= -math.log(alpha)
    about_harm = against_champion(both) + times_as_often(best, low, high)
    about_harm += f"; evidence of harm {odds(against)}, {_fails_from(rule, alpha)}"
    numbers = {"margin": margin, "ratio_low": low, "ratio_high": high} | ({} if best is None else {"ratio": best})
    numbers |= _log10("against", against, alpha) | _log10("for", in_favour, beta)
    if rule.floor is not None:
        above = OneRate(rule.floor).log_above(evidence.candidate_bad, evidence.candidate)
        numbers |= {"floor": rule.floor} | _log10("above_floor", above, alpha)
        if harm:
            about_harm += f"; forgiven up to {percent(rule.floor)}, evidence of more than that {odds(above)}"
        harm = harm and above >= -math.log(alpha)
    than = "fewer" if rule.fewer else "more"
    about_safety = f"; evidence of less than {percent(margin)} {than} {odds(in_favour)}, {_passes_from(beta)}"
    return Finding(on_candidate(both, rule.bad), about_harm, about_safety, numbers, harm, in_favour >= -math.log(beta))


def hold_to_limit(
    rule: RateRule, max_rate: float, series: RateSeries | CountSeries, alpha: float, beta: float
) -> Finding:
    """Hold the candidate against a fixed rate, over all its traffic."""
    evidence = series.evidence
    bad, seen = evidence.candidate_bad, evidence.candidate
    gate = OneRate(max_rate)
    above, below = gate.log_above(bad, seen), gate.log_below(bad, seen)
    low, high = rate_interval(bad, seen, INTERVAL_ALPHA)
    about_harm = (
        f", allowed {percent(max_rate)}, true rate {percent(low)} to {percent(high)} (95 % interval)"
        f"; evidence of more than allowed {odds(above)}, {_fails_from(rule, alpha)}"
    )
    about_safety = f"; evidence of less than allowed {odds(below)}, {_passes_from(beta)}"
    numbers = {"max_rate": max_rate, "rate": bad / seen, "rate_low": low, "rate_high": high}
    numbers |= _log10("above_limit", above, alpha) | _log10("below_limit", below, beta)
    harm, safe = above >= -math.log(alpha), below >= -math.log(beta)
    return Finding(on_candidate(evidence, rule.bad), about_harm, about_safety, numbers, harm, safe)


def compare_times(rule: LatencyRule, series: LatencySeries, alpha: float, beta: float) -> Finding:
    """Hold the candidate's times against the champion's, at every quantile."""
    mine, theirs = series.quantiles
    seen = f"{series.candidate:,} answers took {number(mine[0])} ms (median; 99 % within {number(mine[1])} ms)"
    if not series.compared or not series.champion:
        return Finding(seen, _ALONE, compared=False)
    against, in_favour = series.log_against(), series.log_for()
    about_harm = (
        f" against the champion's {series.champion:,} with {number(theirs[0])} ms ({number(theirs[1])} ms)"
        f"; evidence of slower {odds(against)}, {_fails_from(rule, alpha)}"
    )
    numbers = {"median_ms": mine[0], "p99_ms": mine[1], "champion_median_ms": theirs[0], "champion_p99_ms": theirs[1]}
    numbers |= _log10("against", against, alpha)
    about_safety = ""
    if rule.margin is not None:
        numbers |= {"margin": rule.margin} | _log10("for", in_favour, beta)
        about_safety = f"; evidence of less than {percent(rule.margin)} slower {odds(in_favour)}, {_passes_from(beta)}"
    safe = rule.margin is not None and in_favour >= -math.log(beta)
    return Finding(seen, about_harm, about_safety, numbers, against >= -math.log(alpha), safe)


def compare_buckets(rule: LatencyRule, series: BucketSeries, alpha: float) -> Finding:
    """Hold the candidate's histogram against the champion's. Nothing is proven: times between bounds are not seen."""
    if rule.margin is not None or rule.role is Role.REQUIRE:
        raise ValueError(f"{rule.name}: buckets prove no margin, so they can't be required")
    mine, theirs = series.quantiles
    median, p99 = (_within(value, series.last_bound) for value in mine)
    seen = f"{series.candidate:,} answers took {median} (median; 99 % {p99})"
    if not series.compared or not series.champion:
        return Finding(seen, _ALONE, compared=False)
    against = series.log_against()
    median, p99 = (_within(value, series.last_bound) for value in theirs)
    about_harm = (
        f" against the champion's {series.champion:,} with {median} ({p99})"
        f"; evidence of slower {odds(against)}, {_fails_from(rule, alpha)}"
    )
    numbers = {"median_ms": mine[0], "p99_ms": mine[1], "champion_median_ms": theirs[0], "champion_p99_ms": theirs[1]}
    return Finding(seen, about_harm, "", numbers | _log10("against", against, alpha), against >= -math.log(alpha))


def _within(bound: float, last: float) -> str:
    return f"at most {number(bound)} ms" if math.isfinite(bound) else f"more than {number(last)} ms"


def compare_sizes(rule: SizeRule, series: SizeSeries, alpha: float, beta: float) -> Finding:
    """Hold the mean size of the candidate's errors against the champion's."""
    n1, n0, (total1, total0) = series.candidate, series.champion, series.totals
    seen = f"{n1:,} answers are off by {number(total1 / max(n1, 1))} on average"
    if not series.compared or not n0:
        return Finding(seen, _ALONE, compared=False)
    against, in_favour = series.log_odds()
    about_harm = f" against the champion's {n0:,} with {number(total0 / n0)}"
    if not series.gate.known:
        about_harm += f"; says nothing before {ENOUGH} labels of the candidate beside the champion's"
    about_harm += f"; evidence of larger errors {odds(against)}, {_fails_from(rule, alpha)}"
    about_safety = f"; evidence of less than {percent(rule.margin)} larger {odds(in_favour)}, {_passes_from(beta)}"
    numbers = {"margin": rule.margin, "mean": total1 / max(n1, 1), "champion_mean": total0 / n0}
    numbers |= _log10("against", against, alpha) | _log10("for", in_favour, beta)
    harm, safe = against >= -math.log(alpha), in_favour >= -math.log(beta)
    return Finding(seen, about_harm, about_safety, numbers, harm, safe, compared=series.gate.known)


def compare_answers(rule: DriftRule, series: DriftSeries, alpha: float) -> Finding:
    """Hold what the candidate answers against what the champion answers."""
    seen = f"{series.candidate:,} answers"
    distance, low, high = series.distance(alpha)
    if not series.comparable:
        return Finding(seen, _ALONE, compared=False)
    limit = percent(rule.tolerance)
    about_harm = (
        f" differ from the champion's {series.champion:,} by {percent(distance)}, surely by {percent(low)}; "
        f"{'observed only' if rule.role is Role.OBSERVE else 'fails'} from surely more than {limit}"
    )
    about_safety = f"; at most by {percent(high)}, passes from at most {limit}"
    numbers = {"tolerance": rule.tolerance, "distance": distance, "distance_low": low, "distance_high": high}
    numbers["psi"] = series.psi()
    return Finding(seen, about_harm, about_safety, numbers, low > rule.tolerance, high <= rule.tolerance)


_ALONE = ", no champion traffic to compare with"


def _fails_from(rule: Rule, alpha: float) -> str:
    return f"fails from {odds(-math.log(alpha))}" if rule.role is not Role.OBSERVE else "observed only"


def _passes_from(beta: float) -> str:
    return f"passes from {odds(-math.log(beta))}"


def _log10(name: str, log_evidence: float, chance: float) -> dict[str, float]:
    return {f"log10_{name}": log_evidence / math.log(10), f"log10_{name}_needed": -math.log10(chance)}
