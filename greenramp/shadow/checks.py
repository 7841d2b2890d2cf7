"""What each test of a shadow comparison finds: a sentence, and evidence of harm and of no harm."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from greenramp.gates.likelihood import log_mean_exp
from greenramp.gates.one_rate import OneRate, rate_interval
from greenramp.gates.rate_gate import Counts, RateGate
from greenramp.gates.wording import number, percent
from greenramp.shadow.kinds import Kind
from greenramp.shadow.measures import Measures
from greenramp.shadow.rules import ShadowRules, Test
from greenramp.shadow.tally import QUANTILES

_EVENTS_MARGIN = 0.2  # how many more events than on the other side matter, where a limit says what an event is


class Seen(NamedTuple):
    """One test's answer: what was seen and allowed, and evidence (natural logs) of harm and of no harm.

    seen: pairs it goes by. undecided: what is said in addition while nothing is shown.
    """

    sentence: str
    seen: int
    harm: float
    safe: float
    numbers: Mapping[str, float]
    undecided: str = ""


def check(test: Test, rules: ShadowRules, measures: Measures, alpha: float) -> Seen:
    """What one test finds. alpha: its part of the chance of failing an equal candidate."""
    return _TESTS[test](rules, measures, alpha)


def _valid(rules: ShadowRules, measures: Measures, alpha: float) -> Seen:
    tally, limit = measures.tally, rules.max_invalid or 0.0
    seen = tally.compared + tally.candidate_invalid
    sentence = f"the candidate gives a valid answer to all {seen:,} requests"
    if tally.candidate_invalid:
        sentence = f"the candidate gives no valid answer to {_share(tally.candidate_invalid, seen, 'requests')}"
    sentence += f", allowed {percent(limit)}{_commonest(tally.faults)}"
    return _one_rate(sentence, tally.candidate_invalid, seen, limit, alpha)


def _agreement(rules: ShadowRules, measures: Measures, alpha: float) -> Seen:
    tally, limit = measures.tally, rules.max_disagreement or 0.0
    sentence = f"the candidate answers {_share(tally.differing, tally.compared, 'requests differently')}"
    sentence += f"{_meaning(rules, measures)}, allowed {percent(limit)}"
    return _one_rate(sentence, tally.differing, tally.compared, limit, alpha)


def _meaning(rules: ShadowRules, measures: Measures) -> str:
    """When two numbers count as different, to follow a sentence that says how often they do."""
    if measures.shape is None or not measures.shape.kind.numeric:
        return ""
    if measures.shape.kind is Kind.PROBABILITY and rules.threshold is not None:
        return f", on the other side of {rules.threshold:g}"
    return f", by more than {number(rules.same_within * measures.shape.spreads[0])}"


def slices_over(rules: ShadowRules, measures: Measures) -> dict[str, float]:
    """Each slice's evidence (natural log) of more disagreement than allowed, on the scale of the whole test.

    Each slice has an equal part of alpha, so that of all of them together holds what holds of one test.
    """
    limit, places = rules.slice_limit, max(measures.slices.places, 1)
    if limit is None:
        return {}
    parts = measures.slices.slices()
    return {part.name: OneRate(limit).log_above(part.bad, part.pairs) - math.log(places) for part in parts}


def _slices(rules: ShadowRules, measures: Measures, _: float) -> Seen:
    limit, parts = rules.slice_limit or 0.0, measures.slices.slices()
    numbers = {"slices": float(len(parts)), "max_rate": limit}
    if not parts:
        return Seen("no pair's columns are known", 0, 0.0, 0.0, numbers)
    harm = slices_over(rules, measures)
    worst = max(parts, key=lambda part: harm[part.name])
    rate = worst.bad / worst.pairs
    words = "the worst of" if len(parts) > 1 else "the only one of"
    sentence = f"{percent(rate)} of {worst.pairs:,} requests with {worst.name} ({words} {len(parts)} slices)"
    sentence += f" are answered differently, allowed {percent(limit)}"
    numbers |= {"rate": rate, "pairs": float(worst.pairs), "differing": float(worst.bad)}
    seen = sum(part.pairs for part in parts) // len(measures.slices.columns)
    return Seen(sentence, seen, harm[worst.name], 0.0, numbers)


def _difference(rules: ShadowRules, measures: Measures, _: float) -> Seen:
    seen, limit = measures.difference, rules.max_difference or 0.0
    spread = measures.shape.spreads if measures.shape else (1.0,)
    unit = f" of the champion's spread ({number(spread[0])})" if measures.kind is Kind.NUMBERS else ""
    unit = " of each output's spread" if len(set(spread)) > 1 else unit
    sentence = f"answers differ by {percent(seen.mean)}{unit} on average, allowed {percent(limit)}"
    numbers = {"mean": seen.mean, "max_mean": limit, "pairs": float(seen.count), "spread": spread[0]}
    return Seen(sentence, seen.count, seen.log_above(limit, limit), seen.log_below(limit, limit), numbers)


def _distance(rules: ShadowRules, measures: Measures, alpha: float) -> Seen:
    limit, found = rules.max_distance or 0.0, measures.distribution
    seen, low, high = found.distance(alpha) if found else (0.0, 0.0, 1.0)
    numbers = {"distance": seen, "distance_low": low, "distance_high": high, "tolerance": limit}
    numbers["psi"] = found.psi() if found else 0.0
    sentence = f"the distribution of answers is {percent(seen)} from the champion's (Kolmogorov-Smirnov distance)"
    sentence += f", surely {percent(low)}, allowed {percent(limit)}"
    pairs = sum(found.counts[0]) if found else 0
    return Seen(
        sentence,
        pairs,
        math.inf if low > limit else 0.0,
        math.inf if high <= limit else 0.0,
        numbers,
        f" (may be up to {percent(high)})",
    )


def _errors(rules: ShadowRules, measures: Measures, _: float) -> Seen:
    tally, margin = measures.tally, rules.error_margin or 0.0
    fails = _share(tally.candidate_failed, tally.pairs, "requests that the champion answers")
    sentence = f"the candidate fails {fails}, the champion {tally.live_failed:,} that the candidate answers"
    sentence += _commonest(tally.errors)
    return _paired(sentence, tally.candidate_failed, tally.live_failed, tally.pairs, margin)


def _latency(rules: ShadowRules, measures: Measures, _: float) -> Seen:
    """Whether the candidate, made faster by the margin, is still slower, at any of three quantiles of the champion's.

    Who is above a quantile that was known before is a paired test of its own; the evidence is the mean of all.
    """
    tally, margin = measures.tally, rules.latency_margin or 0.0
    tests = [_paired("", worse, better, tally.timed, _EVENTS_MARGIN) for worse, better in tally.slow]
    harm = float(log_mean_exp(np.array([test.harm for test in tests])))
    numbers: dict[str, float] = {"pairs": float(tally.timed), "margin": margin}
    times = {}
    for share, (worse, better) in zip(QUANTILES, tally.slow, strict=True):
        mine, theirs = tally.quantile_ms(1, share), tally.quantile_ms(0, share)
        word = "median" if share == 0.5 else f"p{100 * share:g}"
        times[word] = f"{number(mine)} against {number(theirs)} ms" if tally.timed else ""
        numbers |= {f"{word}_ms": mine, f"champion_{word}_ms": theirs} if tally.timed else {}
        numbers |= {f"{word}_worse": float(worse), f"{word}_better": float(better)}
    sentence = f"the candidate's times have a median of {times['median']} and 99 % within {times['p99']}"
    sentence = f"{sentence}, allowed {percent(margin)} longer" if tally.timed else "no times of both sides are known"
    return Seen(sentence, tally.timed, harm, min(test.safe for test in tests), numbers)


def _budget(rules: ShadowRules, measures: Measures, alpha: float) -> Seen:
    tally, limit = measures.tally, rules.max_over_budget
    sentence = f"the candidate takes over {number(rules.latency_budget_ms or 0.0)} ms for"
    sentence += f" {_share(tally.over_budget, tally.timed, 'requests')}, allowed {percent(limit)}"
    return _one_rate(sentence, tally.over_budget, tally.timed, limit, alpha)


def _accuracy(rules: ShadowRules, measures: Measures, _: float) -> Seen:
    """Harm by the requests where only one side is right; no harm by the mean difference, since that is the limit.

    It is harm once the candidate is shown to be less right at all, and was so by more than allowed: what is shown to
    be worse by a little, with very many labels, is let through.
    """
    seen, drop = measures.labelled, rules.max_accuracy_drop or 0.0
    count = max(seen.count, 1)
    mine, theirs = (1 - (seen.both_wrong + only) / count for only in (seen.worse, seen.better))
    sentence = f"accuracy {percent(mine)} against the champion's {percent(theirs)} on {seen.count:,} labelled requests"
    sentence += f" (only the candidate wrong in {seen.worse:,}, only the champion in {seen.better:,})"
    points = number(100 * drop)
    sentence += f", allowed {points} point{'' if points == '1' else 's'} less"
    found = _paired(sentence, seen.worse, seen.better, seen.count, _EVENTS_MARGIN)
    numbers = {**found.numbers, "accuracy": mine, "champion_accuracy": theirs, "max_drop": drop}
    harm = found.harm if theirs - mine >= drop else min(found.harm, 0.0)
    return found._replace(harm=harm, safe=seen.log_drop_below(drop), numbers=numbers)


def _error_size(rules: ShadowRules, measures: Measures, _: float) -> Seen:
    """The same for the size of errors: shown to be larger, and by more than allowed."""
    seen, growth = measures.labelled, rules.max_error_growth or 0.0
    scale, grown = growth * seen.live.mean, seen.growth.mean >= 0
    sentence = f"the candidate is off by {number(seen.candidate.mean)} on average, the champion by"
    sentence += f" {number(seen.live.mean)} (on {seen.apart.count:,} labelled requests), allowed {percent(growth)} more"
    numbers = {"mean": seen.candidate.mean, "champion_mean": seen.live.mean, "max_growth": growth}
    harm, safe = seen.apart.log_above(0.0, scale), seen.growth.log_below(0.0, scale)
    return Seen(sentence, seen.apart.count, harm if grown else min(harm, 0.0), safe, numbers)


_TESTS: Mapping[Test, Callable[[ShadowRules, Measures, float], Seen]] = {
    Test.VALID: _valid,
    Test.AGREEMENT: _agreement,
    Test.DIFFERENCE: _difference,
    Test.DISTANCE: _distance,
    Test.SLICES: _slices,
    Test.ERRORS: _errors,
    Test.LATENCY: _latency,
    Test.BUDGET: _budget,
    Test.ACCURACY: _accuracy,
    Test.ERROR_SIZE: _error_size,
}


def _one_rate(sentence: str, bad: int, seen: int, limit: float, alpha: float) -> Seen:
    gate, (low, high) = OneRate(limit), rate_interval(bad, seen, alpha)
    numbers = {"rate": bad / max(seen, 1), "rate_low": low, "rate_high": high, "max_rate": limit, "pairs": float(seen)}
    between = f" (it may be {percent(low)} to {percent(high)} in the long run)"
    return Seen(sentence, seen, gate.log_above(bad, seen), gate.log_below(bad, seen), numbers, between)


def _paired(sentence: str, worse: int, better: int, pairs: int, margin: float) -> Seen:
    """Whose are the pairs in which only one side did the bad thing? Of equal sides, half (McNemar; spec: RateGate)."""
    gate = RateGate(margin, reserve=0.0)
    discordant = Counts(0.5, pairs, pairs, worse, better)
    numbers = {"worse": float(worse), "better": float(better), "pairs": float(pairs), "margin": margin}
    return Seen(sentence, pairs, float(gate.log_against(discordant)), float(gate.log_for(discordant)), numbers)


def _share(bad: int, seen: int, words: str) -> str:
    """A share with its counts: "3.1 % of requests differently (61 of 1,960)", "none of 1,960 requests differently"."""
    return f"{percent(bad / seen)} of {words} ({bad:,} of {seen:,})" if bad else f"none of {seen:,} {words}"


def _commonest(words: Mapping[str, int]) -> str:
    """Why the candidate had no answer, to follow a sentence."""
    if not words:
        return ""
    word = max(words, key=lambda key: words[key])
    return f"; {'mostly' if len(words) > 1 else 'all'} {word}"
