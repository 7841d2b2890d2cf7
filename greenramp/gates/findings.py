"""What the two tests of a rule find: candidate against champion, and candidate against a fixed limit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from greenramp.evidence import Evidence
from greenramp.gates.one_rate import OneRate, rate_interval
from greenramp.gates.rate_gate import RateGate, comparable, ratio, ratio_interval
from greenramp.gates.rules import RateRule, Role
from greenramp.gates.wording import against_champion, odds, on_candidate, percent, times_as_often

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


def compare(rule: RateRule, margin: float, evidence: Evidence, alpha: float, beta: float) -> Finding:
    """Hold the candidate against the champion, in the strata where both had traffic."""
    both = comparable(evidence)
    if both.candidate == 0 or both.champion == 0:  # a champion that reports nothing is no proof of harm
        return Finding(on_candidate(evidence, rule.bad), ", no champion traffic to compare with", compared=False)
    gate = RateGate(margin)
    against, in_favour = gate.log_against(both), gate.log_for(both)
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
    about_safety = f"; evidence of less than {percent(margin)} more {odds(in_favour)}, {_passes_from(beta)}"
    return Finding(on_candidate(both, rule.bad), about_harm, about_safety, numbers, harm, in_favour >= -math.log(beta))


def hold_to_limit(rule: RateRule, max_rate: float, evidence: Evidence, alpha: float, beta: float) -> Finding:
    """Hold the candidate against a fixed rate, over all its traffic."""
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


def _fails_from(rule: RateRule, alpha: float) -> str:
    return f"fails from {odds(-math.log(alpha))}" if rule.role is not Role.OBSERVE else "observed only"


def _passes_from(beta: float) -> str:
    return f"passes from {odds(-math.log(beta))}"


def _log10(name: str, log_evidence: float, chance: float) -> dict[str, float]:
    return {f"log10_{name}": log_evidence / math.log(10), f"log10_{name}_needed": -math.log10(chance)}
