"""Known ways in which a candidate's numbers go wrong, read off a sample of pairs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from greenramp.gates.likelihood import Floats
from greenramp.gates.wording import number
from greenramp.shadow.kinds import Kind
from greenramp.shadow.measures import Measures

_FEW = 30
_TIGHT = 0.1  # a ratio or an offset whose middle half is no wider than this part of it is systematic


def number_diagnoses(measures: Measures) -> Iterator[tuple[str, float]]:
    """Sentences with their importance."""
    firsts = [row["first"] for row in measures.sample.rows if row["first"] is not None]
    if len(firsts) < _FEW:
        return
    live, candidate = np.array(firsts, dtype=np.float64).T
    spread = measures.shape.spreads[0] if measures.shape else 1.0
    if np.ptp(candidate) == 0 and np.ptp(live) > 0:
        yield f"the candidate answers {number(candidate[0])} to everything", 3.0
        return
    apart = float(np.median(np.abs(candidate - live))) / spread
    if measures.kind is Kind.PROBABILITY and apart > 0.1 and np.median(np.abs(candidate - (1 - live))) < apart / 4:
        yield "the candidate's probabilities are those of the other class (1 minus the champion's)", 3.0
        return
    if systematic := _ratio(live, candidate) or _offset(live, candidate, spread) or _line(live, candidate, spread):
        yield systematic, 2.5
        return
    if np.ptp(live) > 0:
        together = float(np.corrcoef(_ranks(live), _ranks(candidate))[0, 1])
        if abs(together) < 0.2:
            yield (
                f"the candidate's answers have nothing to do with the champion's (rank correlation {together:.2f})",
                2.0,
            )


def _ratio(live: Floats, candidate: Floats) -> str:
    known = np.abs(live) > 1e-9
    if known.sum() < _FEW:
        return ""
    low, middle, high = np.quantile(candidate[known] / live[known], [0.25, 0.5, 0.75])
    if middle == 0 or (high - low) > _TIGHT * abs(middle) or 1 / 1.1 < middle < 1.1:
        return ""
    if middle == -1:
        return "the candidate's answers have the opposite sign of the champion's"
    return f"the candidate's answers are about {number(middle)} times the champion's"


def _offset(live: Floats, candidate: Floats, spread: float) -> str:
    low, middle, high = np.quantile(candidate - live, [0.25, 0.5, 0.75])
    if abs(middle) < 0.05 * spread or (high - low) > 2 * _TIGHT * abs(middle):
        return ""
    return (
        f"the candidate's answers are about {number(abs(middle))} {'above' if middle > 0 else 'below'} the champion's"
    )


def _line(live: Floats, candidate: Floats, spread: float) -> str:
    """Another unit of measure: a line through all points that is not the diagonal."""
    if np.ptp(live) == 0:
        return ""
    slope, offset = np.polyfit(live, candidate, 1)
    misses = candidate - (slope * live + offset)
    fits = np.abs(misses).max() < 0.05 * max(np.ptp(candidate), 1e-300)
    far = abs(slope - 1) > 0.1 or abs(offset) > 0.05 * spread
    if not fits or not far:
        return ""
    sign = "+" if offset >= 0 else "-"
    return f"the candidate's answers are about {number(slope)} times the champion's {sign} {number(abs(offset))}"


def _ranks(values: Floats) -> Floats:
    return np.asarray(np.searchsorted(np.sort(values), values) + np.searchsorted(np.sort(values), values, "right"))
