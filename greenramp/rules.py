"""A service's gates as the rules that judge evidence."""

from __future__ import annotations

from greenramp.config import Gate, Metric, Service
from greenramp.evidence import Evidence
from greenramp.gates import Budget, RateRule, Role, judge
from greenramp.verdict import Verdict


def rule_of(gate: Gate) -> RateRule:
    """One gate as a rule on a rate."""
    bad = {
        Metric.ERRORS: "requests failed",
        Metric.SLOW: f"requests slower than {gate.slower_than_ms:g} ms" if gate.slower_than_ms else "",
        Metric.WRONG: "answers wrong",
    }[gate.metric]
    return RateRule(gate.name, bad, Role(gate.role.value), gate.margin, gate.max_rate, gate.min_requests, gate.floor)


def judge_all(plan: Service, evidence: dict[str, Evidence], this_step: dict[str, int]) -> tuple[Verdict, ...]:
    """The verdict of every gate, under the service's one error budget."""
    rules = [rule_of(gate) for gate in plan.gates]
    budget = Budget(plan.max_false_rollback, plan.max_false_promotion)
    alpha = budget.alpha_each(rules)
    return tuple(judge(rule, evidence[rule.name], alpha, budget.beta, this_step=this_step[rule.name]) for rule in rules)
