"""A service's gates as the rules that judge evidence."""

from __future__ import annotations

import math
from dataclasses import replace

from greenramp.config import Gate, Metric, Service
from greenramp.config.gates import DEFAULT_TOLERANCE, Unit
from greenramp.gates import Budget, DriftRule, LatencyRule, RateRule, Role, Rule, ShareSeries, SizeRule, judge
from greenramp.gates.share_series import ALPHA
from greenramp.gates.wording import odds
from greenramp.gates.wording import percent as as_percent
from greenramp.measures.counting import Counting
from greenramp.verdict import Outcome, Verdict

SHARES = "router/shares"
"""The check that every release has besides its gates; no gate of a service can have this name."""


def rule_of(gate: Gate) -> Rule:
    """One gate as a rule."""
    role = Role(gate.role.value)
    if gate.metric in (Metric.LATENCY, Metric.BUCKETS):
        return LatencyRule(gate.name, role, gate.min_requests, gate.weight, margin=gate.margin)
    if gate.metric is Metric.ERROR_SIZE:
        return SizeRule(gate.name, role, gate.min_requests, gate.weight, margin=gate.margin or 0.0)
    if gate.metric is Metric.DRIFT:
        tolerance = gate.tolerance or DEFAULT_TOLERANCE
        return DriftRule(gate.name, role, gate.min_requests, gate.weight, tolerance=tolerance)
    bad = {
        Metric.ERRORS: "requests failed",
        Metric.SLOW: f"requests slower than {gate.slower_than_ms or 0:g} ms",
        Metric.WRONG: "answers wrong",
        Metric.CONVERSIONS: "requests converted",
        Metric.COUNTS: f"events of {gate.source} bad",
    }[gate.metric]
    if gate.unit is Unit.USER:
        bad = {
            Metric.ERRORS: "users had a failed request",
            Metric.SLOW: f"users had a request slower than {gate.slower_than_ms or 0:g} ms",
            Metric.WRONG: "users had a wrong answer",
        }[gate.metric]
    limits = {"margin": gate.margin, "max_rate": gate.max_rate, "floor": gate.floor}
    fewer = gate.metric is Metric.CONVERSIONS
    return RateRule(gate.name, role, gate.min_requests, gate.weight, bad=bad, fewer=fewer, **limits)


def at_share(gate: Gate, rule: Rule, percent: float) -> Rule:
    """A gate's rule while the candidate has this share: below `proof_from_percent` nothing has to be shown yet."""
    early = rule.role is Role.REQUIRE and percent < gate.proof_from_percent
    return replace(rule, role=Role.GUARD) if early else rule


def judge_all(plan: Service, counting: Counting, percent: float = 100.0) -> tuple[Verdict, ...]:
    """The verdict of every gate, under the service's one error budget; and of the router's shares, once there are.

    percent: the candidate's share now.
    """
    rules = [rule_of(gate) for gate in plan.measured]
    budget = Budget(plan.max_false_rollback, plan.max_false_promotion)
    alphas = [budget.alpha_of(rule, rules) for rule in rules]
    now = [at_share(gate, rule, percent) for gate, rule in zip(plan.measured, rules, strict=True)]
    verdicts = tuple(judge_one(rule, counting, alpha, budget.beta) for rule, alpha in zip(now, alphas, strict=True))
    return verdicts + ((judge_shares(counting.shares),) if counting.shares.draws else ())


def judge_one(rule: Rule, counting: Counting, alpha: float, beta: float) -> Verdict:
    """The verdict of one gate on what was counted, with its part of the error budget."""
    this_step, health = counting.this_step[rule.name], counting.health(rule.name)
    return judge(rule, counting.series[rule.name], alpha, beta, this_step=this_step, health=health)


def judge_shares(shares: ShareSeries) -> Verdict:
    """Does the router share as it was told? If not, no comparison is worth anything; whose fault it is stays open."""
    against = shares.log_against()
    wrong = against >= -math.log(ALPHA)
    meant = as_percent(shares.expected / shares.draws)
    sentence = (
        f"{shares.candidate:,} of {shares.draws:,} draws were the candidate's, {meant} were meant to be; "
        f"evidence of another share {odds(against)}, invalid from {odds(-math.log(ALPHA))}"
    )
    if wrong:
        sentence = f"the router did not share as told: {sentence}"
    numbers = {"draws": shares.draws, "candidate_draws": shares.candidate, "expected_draws": shares.expected}
    numbers |= {"log10_against": against / math.log(10), "log10_against_needed": -math.log10(ALPHA)}
    return Verdict(SHARES, Outcome.INVALID if wrong else Outcome.PASS, sentence, numbers)
