"""Which of the two sides was right, for requests whose true answers are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from greenramp.shadow.answers import Pair
from greenramp.shadow.comparing import Tolerances, fault_in, label_text
from greenramp.shadow.kinds import Kind, Shape, is_finite, plain
from greenramp.shadow.paired_mean import PairedMean, clipped

_FIRST, _WILD = 100, 20.0
"""The champion's mean error over so many labels is the unit; no error counts for more than so many units."""


@dataclass
class Labelled:
    """Requests by who was wrong, and sizes of errors; a request is wrong when any of its rows is.

    worse: only the candidate was wrong; better: only the champion. early: sizes before their unit is known.
    growth: candidate's error minus 1 + the growth allowed times the champion's; apart: minus the champion's.
    """

    count: int = 0
    worse: int = 0
    better: int = 0
    both_wrong: int = 0
    unusable: int = 0
    unit: float = 0.0
    early: list[list[float]] = field(default_factory=list)
    live: PairedMean = field(default_factory=PairedMean)
    candidate: PairedMean = field(default_factory=PairedMean)
    apart: PairedMean = field(default_factory=PairedMean)
    growth: PairedMean = field(default_factory=PairedMean)

    def update(
        self, shape: Shape, tolerances: Tolerances, allowed: float, labelled: Sequence[tuple[Pair, Sequence[Any]]]
    ) -> None:
        """Take in pairs with their labels, one label per row. allowed: relative growth of errors."""
        sizes = []
        for pair, labels in labelled:
            live, candidate = (_errors(shape, tolerances, side, labels) for side in (pair.live, pair.candidate))
            if live is None or candidate is None:
                self.unusable += 1
                continue
            self.count += 1
            if shape.kind in (Kind.NUMBERS, Kind.OUTPUTS) or _soft(shape, tolerances):
                sizes.append([live, candidate])
            else:
                wrong = (live > 0, candidate > 0)
                self.better += wrong == (True, False)
                self.worse += wrong == (False, True)
                self.both_wrong += wrong == (True, True)
        self._measure(sizes, allowed)

    def _measure(self, sizes: list[list[float]], allowed: float) -> None:
        if not self.unit:
            self.early += sizes
            if len(self.early) < _FIRST:
                return
            sizes, self.early = self.early, []
            self.unit = float(np.mean([live for live, _ in sizes])) or 1.0
        if sizes:
            live, candidate = clipped(np.array(sizes).T, _WILD * self.unit)
            for measure, values in (
                (self.live, live),
                (self.candidate, candidate),
                (self.apart, candidate - live),
                (self.growth, candidate - (1 + allowed) * live),
            ):
                measure.update(values)

    def log_drop_below(self, limit: float) -> float:
        """Evidence (natural log) that the candidate is right in a share of requests less than `limit` smaller."""
        mean = (self.worse - self.better) / max(self.count, 1)
        squares = self.worse + self.better - self.count * mean**2
        return PairedMean(self.count, mean, squares).log_below(limit, limit)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Labelled:
        """Go on from a state."""
        means = {name: PairedMean(**state[name]) for name in ("live", "candidate", "apart", "growth")}
        return cls(**{**state, **means})


def _soft(shape: Shape, tolerances: Tolerances) -> bool:
    return shape.kind is Kind.PROBABILITY and tolerances.threshold is None


def _errors(shape: Shape, tolerances: Tolerances, side: Any, labels: Sequence[Any]) -> float | None:
    """Mean error over the rows; for classes the share of wrong rows. None when the label fits no answer.

    A side without a valid answer is wrong; where errors have a size nothing can be said of it (its validity is judged
    by another test).
    """
    sized = shape.kind in (Kind.NUMBERS, Kind.OUTPUTS) or _soft(shape, tolerances)
    wanted = [plain(label) for label in labels]
    rows = None if side.failed or side.predictions is None else [plain(row) for row in side.predictions]
    if rows is None or fault_in(rows, shape):
        return None if sized or not (side.failed or rows is not None) else 1.0
    if len(rows) != len(wanted):
        return None
    errors = [_error(shape, tolerances, row, label) for row, label in zip(rows, wanted, strict=True)]
    return None if None in errors else sum(error or 0.0 for error in errors) / len(errors)


def _error(shape: Shape, tolerances: Tolerances, row: Any, label: Any) -> float | None:
    if label is None:
        return None
    match shape.kind:
        case Kind.NUMBERS:
            return float(abs(row - label)) if is_finite(label) else None
        case Kind.OUTPUTS:
            fits = isinstance(label, list) and len(label) == len(row) and all(map(is_finite, label))
            if not fits:
                return None
            return float(sum(abs(a - b) / s for a, b, s in zip(row, label, shape.spreads, strict=True)) / len(row))
        case Kind.PROBABILITY:
            if label not in (0, 1):
                return None
            if tolerances.threshold is None:
                return float((row - label) ** 2)  # Brier score: a proper one, a bold guess does not beat an honest one
            return float((row >= tolerances.threshold) != bool(label))
        case Kind.CLASS_PROBABILITIES:
            return float(label_text(row.index(max(row))) != label_text(label))
        case Kind.RANKINGS:
            relevant = label if isinstance(label, list) else [label]
            return float(not {label_text(v) for v in relevant} & {label_text(v) for v in row[: tolerances.top]})
        case _:
            return float(label_text(row) != label_text(label))
