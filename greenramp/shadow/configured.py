"""A service's shadow step as the rules that judge it."""

from __future__ import annotations

from greenramp.config import Service
from greenramp.shadow.kinds import Kind
from greenramp.shadow.rules import ShadowRules, Test

_SAME = (
    "max_disagreement", "max_slice_disagreement", "same_within", "threshold", "top", "max_difference", "max_distance",
    "max_invalid", "error_margin", "latency_margin", "latency_budget_ms", "max_over_budget", "labels",
    "max_accuracy_drop", "max_error_growth", "max_unpaired", "min_pairs", "silence_seconds",
)  # fmt: skip


def rules_of(plan: Service) -> ShadowRules:
    """The shadow's own chances of error are those of the service's gates: the two are never asked of one another."""
    shadow = plan.shadow
    return ShadowRules(
        **{name: getattr(shadow, name) for name in _SAME},
        require=tuple(Test(proof.value) for proof in shadow.require),
        answers=Kind(shadow.answers.value) if shadow.answers else None,
        copied=shadow.percent / 100,
        alpha=plan.max_false_rollback,
        beta=plan.max_false_promotion,
    )
