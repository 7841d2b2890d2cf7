"""A verdict's numbers as short texts: what was estimated, between which bounds, from how much, held to what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from greenramp.reporting.account import Line

Numbers = Mapping[str, float]

_MOST_TOLD = 6.0  # powers of ten: more decides nothing


@dataclass(frozen=True)
class Figures:
    """One gate's numbers in words; empty texts for what it has not."""

    gate: str
    verdict: str
    estimate: str
    bounds: str
    limit: str
    samples: str
    evidence: str
    why: str


def figures_of(verdict: Line) -> Figures:
    """The numbers of a verdict as the journal has it."""
    numbers: Numbers = verdict.get("numbers", {})
    estimate, bounds, limit = _estimate(numbers)
    return Figures(
        gate=str(verdict["gate"]),
        verdict=str(verdict["outcome"]),
        estimate=estimate,
        bounds=bounds,
        limit=limit,
        samples=_samples(numbers),
        evidence=_evidence(numbers, str(verdict["outcome"])),
        why=str(verdict["sentence"]),
    )


def _estimate(n: Numbers) -> tuple[str, str, str]:
    """What was measured, the bounds that hold at every look, and what it is held to."""
    if "distance" in n:
        return _short(n["distance"]), _between(n, "distance"), f"at most {_short(n['tolerance'])}"
    if "rate" in n:
        return _percent(n["rate"]), _between(n, "rate", percent=True), f"at most {_percent(n['max_rate'])}"
    if "ratio_low" in n:
        estimate = f"{_short(n['ratio'])} times the champion's" if "ratio" in n else _rates(n)
        return estimate, _between(n, "ratio"), f"harm of {_percent(n['margin'])}" if "margin" in n else ""
    if "median_ms" in n:
        words = f"median {_short(n['median_ms'])} ms, champion's {_short(n['champion_median_ms'])} ms"
        return words, "", f"harm of {_percent(n['margin'])}" if "margin" in n else ""
    if "champion_mean" in n:
        words = f"mean {_short(n['mean'])}, champion's {_short(n['champion_mean'])}"
        return words, "", f"harm of {_percent(n['margin'])}" if "margin" in n else ""
    if "draws" in n:
        drawn = [_percent(n[key] / max(n["draws"], 1)) for key in ("candidate_draws", "expected_draws")]
        return f"{drawn[0]} drawn", "", f"{drawn[1]} meant"
    return _rates(n), "", ""


def _rates(n: Numbers) -> str:
    if not n.get("candidate") or "candidate_bad" not in n:
        return ""
    theirs = f", champion's {_percent(n['champion_bad'] / n['champion'])}" if n.get("champion") else ""
    return _percent(n["candidate_bad"] / n["candidate"]) + theirs


def _between(n: Numbers, name: str, *, percent: bool = False) -> str:
    told = _percent if percent else _short
    low, high = n.get(f"{name}_low"), n.get(f"{name}_high")
    if low is None or (high is None and not low):
        return ""
    return f"{told(low)} to {told(high)}" if high is not None else f"from {told(low)}"


def _samples(n: Numbers) -> str:
    for mine, theirs in (("candidate", "champion"), ("candidate_values", "champion_values")):
        if mine in n:
            return f"{n[mine]:,.0f} / {n.get(theirs, 0):,.0f}"
    for whole in ("pairs", "draws", "rows"):
        if whole in n:
            return f"{n[whole]:,.0f}"
    return ""


def _evidence(n: Numbers, outcome: str) -> str:
    """What decides next: of an undecided gate the evidence that is wanted, of any other that of harm."""
    kinds = [key.removesuffix("_needed") for key in n if key.startswith("log10_") and key.endswith("_needed")]
    if not kinds:
        return ""
    wanted = [kind for kind in kinds if kind in _OF_SAFETY]
    of_harm = [kind for kind in kinds if kind not in _OF_SAFETY]
    kind = max(wanted if wanted and outcome == "unsure" else of_harm or wanted, key=lambda k: n[k] - n[f"{k}_needed"])
    return f"{_WORDS.get(kind, kind)}: {_odds(n[kind])} (of {_odds(n[f'{kind}_needed']).removesuffix(' to 1')})"


_OF_SAFETY = ("log10_for", "log10_below_limit")
_WORDS = {
    "log10_against": "against it",
    "log10_for": "for it",
    "log10_above_floor": "above the floor",
    "log10_above_limit": "above the limit",
    "log10_below_limit": "below the limit",
}


def _odds(log10: float) -> str:
    if log10 > _MOST_TOLD:
        return "over a million to 1"
    value = 10**log10 * (1 + 1e-9)  # rounded down, so that what is short of what is needed reads so
    return f"{math.floor(value):,} to 1" if value >= 10 else f"{max(value, 0.01):.2g} to 1"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(rate: float) -> str:
    return f"{100 * rate:.3g} %"
