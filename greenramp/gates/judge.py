"""Judge one rule: counts in, one verdict out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from greenramp.evidence import Evidence
from greenramp.gates.findings import Finding, compare, hold_to_limit
from greenramp.gates.rules import RateRule, Role
from greenramp.verdict import Outcome, Verdict

SILENCE = "nothing counted for the candidate yet, and silence is not a pass"


def judge(rule: RateRule, evidence: Evidence, alpha: float, beta: float, *, this_step: int) -> Verdict:
    """Say whether the counts prove the candidate bad, good enough, or neither.

    evidence: all counts of the release so far, each stratum with the share the router used.
    alpha: this rule's part of the chance to fail a good candidate (see `Budget.alpha_each`), halved
        between margin and max_rate when the rule has both, since either can fail it.
    beta: chance to pass a candidate that is as bad as the rule forbids; only `require` uses it.
    this_step: candidate events seen in the current canary step, part of those in `evidence`.
    May be asked at any time and as often as wished. FAIL needs no minimum of requests. Without
    champion traffic beside the candidate only max_rate can decide, and `margin` cannot be proven.
    """
    for word, chance in (("alpha", alpha), ("beta", beta)):
        if not 0 < chance < 1:
            raise ValueError(f"{rule.name}: {word} must lie between 0 and 1, not {chance}")
    if not 0 <= this_step <= evidence.candidate:
        raise ValueError(f"{rule.name}: this_step must be 0 to {evidence.candidate} events, not {this_step}")
    if evidence.candidate == 0:
        return Verdict(rule.name, Outcome.UNSURE, SILENCE, _counts(evidence, this_step))
    findings = _find(rule, evidence, alpha, beta)
    outcome = _decide(rule, findings, this_step)
    numbers = _counts(evidence, this_step)
    for finding in findings:
        numbers |= {key: value for key, value in finding.numbers.items() if math.isfinite(value)}
    return Verdict(rule.name, outcome, _sentence(rule, outcome, findings, this_step), numbers)


def _find(rule: RateRule, evidence: Evidence, alpha: float, beta: float) -> list[Finding]:
    alpha /= sum(bound is not None for bound in (rule.margin, rule.max_rate))
    findings = []
    if rule.margin is not None:
        findings.append(compare(rule, rule.margin, evidence, alpha, beta))
    if rule.max_rate is not None:
        findings.append(hold_to_limit(rule, rule.max_rate, evidence, alpha, beta))
    return findings


def _decide(rule: RateRule, findings: Sequence[Finding], this_step: int) -> Outcome:
    if rule.role is Role.OBSERVE:
        return Outcome.PASS
    if any(finding.harm for finding in findings):
        return Outcome.FAIL
    if this_step < rule.min_requests or not any(finding.compared for finding in findings):
        return Outcome.UNSURE
    if rule.role is Role.REQUIRE and not all(finding.safe for finding in findings):
        return Outcome.UNSURE
    return Outcome.PASS


def _sentence(rule: RateRule, outcome: Outcome, findings: Sequence[Finding], this_step: int) -> str:
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


def _counts(evidence: Evidence, this_step: int) -> dict[str, float]:
    return {
        "candidate": evidence.candidate,
        "candidate_bad": evidence.candidate_bad,
        "champion": evidence.champion,
        "champion_bad": evidence.champion_bad,
        "this_step": this_step,
    }
