"""The words of a verdict's sentence."""

from __future__ import annotations

import math

from greenramp.gates.evidence import Evidence


def number(value: float) -> str:
    """Two figures, with separators: 0.31, 7.6, 13, 2,400."""
    if value == 0:
        return "0"
    digits = 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    return f"{rounded:,.0f}" if abs(rounded) >= 10 else f"{rounded:.{max(digits, 0)}f}".rstrip("0").rstrip(".")


def percent(rate: float) -> str:
    """0.2 as "20 %", 0.0123 as "1.2 %", 0.999 as "99.9 %"."""
    return f"{100 * rate:.3g} %" if rate >= 0.1 else f"{number(100 * rate)} %"


def odds(log_evidence: float) -> str:
    """Natural log of evidence as odds, rounded down so that what is short of a threshold reads so: "2,436 to 1"."""
    if log_evidence > math.log(1e6):
        return "over a million to 1"
    if log_evidence < math.log(0.01):
        return "under 0.01 to 1"
    value = math.exp(log_evidence) * (1 + 1e-9)  # 1/0.05 must not come out as 19
    return f"{math.floor(value):,} to 1" if value >= 10 else f"{number(value)} to 1"


def on_candidate(evidence: Evidence, bad: str) -> str:
    """The candidate's counts."""
    return f"{evidence.candidate_bad:,} of {evidence.candidate:,} {bad}"


def against_champion(both: Evidence) -> str:
    """The champion's counts, to follow the candidate's."""
    return f" against the champion's {both.champion_bad:,} of {both.champion:,}"


def times_as_often(ratio: float | None, low: float, high: float) -> str:
    """The ratio with its interval, or the end of it that is known; empty when nothing is."""
    if ratio is None or (low == 0 and high == math.inf):
        return ""
    if high == math.inf:
        return f", at least {number(low)} times as often"
    if low == 0:
        return f", at most {number(high)} times as often"
    return f", {number(ratio)} times as often (95 % interval {number(low)} to {number(high)})"
