"""All that is measured over pairs of answers, batch by batch, in constant memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np

from greenramp.shadow.answers import Answer, Pair
from greenramp.shadow.comparing import Compared, compare
from greenramp.shadow.confusion import Confusion
from greenramp.shadow.distribution import Distribution, places
from greenramp.shadow.kinds import Kind, Shape, is_finite, plain
from greenramp.shadow.labelled import Labelled
from greenramp.shadow.paired_mean import PairedMean, clipped
from greenramp.shadow.rules import ShadowRules
from greenramp.shadow.sample import Row, Sample, draw_of
from greenramp.shadow.slices import Slices
from greenramp.shadow.tally import Tally
from greenramp.shadow.worst import Examples, Worst

WILD = 10.0
"""No difference counts for more than so many spreads of the champion's answers."""

_SHOWN_ROWS, _SHOWN_CHARACTERS = 10, 300


class Measures:
    """Measures of pairs whose answers have one shape; None compares no answers, only how they were given."""

    def __init__(self, rules: ShadowRules, shape: Shape | None, columns: Sequence[str], most_rows: int) -> None:
        self.rules, self.shape = rules, shape
        self._tolerances = rules.tolerances
        self.tally = Tally()
        self.difference = PairedMean()
        self.confusion = Confusion()
        self.distribution: Distribution | None = None
        self.labelled = Labelled()
        self.slices = Slices(columns)
        self.sample = Sample(most_rows)
        self.worst = Examples()

    @property
    def kind(self) -> Kind | None:
        """What the answers are."""
        return self.shape.kind if self.shape else None

    def update(self, pairs: Sequence[Pair]) -> None:
        """Take in a batch of pairs."""
        compared = [self._compare(pair) for pair in pairs]
        for pair, found in zip(pairs, compared, strict=True):
            self.tally.count(pair, found)
            bad = _bad(pair, found)
            if bad is not None and self.slices.columns:
                self.slices.add(pair.features, bad)
            self._keep(pair, found)
        self.tally.time(pairs, self.rules.latency_margin or 0.0, self.rules.latency_budget_ms)
        if self.shape:
            self._measure(self.shape, [found for found in compared if found and found.agree is not None])

    def label(self, labelled: Sequence[tuple[Pair, Sequence[Any]]]) -> None:
        """Take in pairs whose true answers have become known."""
        if self.shape:
            self.labelled.update(self.shape, self._tolerances, self.rules.max_error_growth or 0.0, labelled)

    def _compare(self, pair: Pair) -> Compared | None:
        live, candidate = pair.live, pair.candidate
        if self.shape is None or live.failed or candidate.failed:
            return None
        if live.predictions is None or candidate.predictions is None:
            return None
        return compare(self.shape, self._tolerances, live.predictions, candidate.predictions)

    def _measure(self, shape: Shape, compared: Sequence[Compared]) -> None:
        """What the kind of answers has: a mean difference, distributions, confused classes."""
        if shape.kind.measurable:
            found = np.array([c.difference for c in compared if c.difference is not None], dtype=np.float64)
            self.difference.update(clipped(found, WILD))
        if shape.kind.numeric:
            # only the first row of each request: rows of one request are no draws of their own
            firsts = np.array([c.rows[0] for c in compared], dtype=np.float64).reshape(-1, 2)
            if self.distribution is None and firsts.size:
                self.distribution = Distribution(places(firsts.ravel()))
            if self.distribution and firsts.size:
                self.distribution.update(firsts[:, 0], firsts[:, 1], shape.spreads[0])
        limit = self.rules.threshold
        if shape.kind in (Kind.LABELS, Kind.CLASS_PROBABILITIES):
            self.confusion.update(row for c in compared for row in c.rows)
        elif shape.kind is Kind.PROBABILITY and limit is not None:
            word = {True: "yes", False: "no"}
            self.confusion.update((word[a >= limit], word[b >= limit]) for c in compared for a, b in c.rows)
        elif shape.kind is Kind.OUTPUTS:  # which output is furthest apart
            self.confusion.update(row for c in compared if not c.agree for row in c.rows)

    def _keep(self, pair: Pair, found: Compared | None) -> None:
        """Put the pair among the sample and the examples that it belongs to."""
        draw = draw_of(pair.live.id)
        reasons = [(sort, size) for sort, size in _reasons(pair, found) if self.worst.wants(sort, size, draw)]
        sampled = self.sample.wants(draw)
        if not reasons and not sampled:
            return
        row = row_of(pair, found)
        if sampled:
            self.sample.add(draw, row)
        for sort, size in reasons:
            self.worst.add(sort, size, draw, row)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "shape": [self.shape.kind, list(self.shape.spreads)] if self.shape else None,
            "tally": self.tally.state(),
            "difference": asdict(self.difference),
            "confusion": asdict(self.confusion),
            "distribution": asdict(self.distribution) if self.distribution else None,
            "labelled": self.labelled.state(),
            "slices": self.slices.state(),
            "sample": self.sample.state(),
            "worst": self.worst.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of measures that were made alike."""
        self.shape = Shape(Kind(state["shape"][0]), tuple(state["shape"][1])) if state["shape"] else None
        self.tally = Tally.restored(state["tally"])
        self.difference = PairedMean(**state["difference"])
        self.confusion = Confusion(**state["confusion"])
        self.distribution = Distribution(**state["distribution"]) if state["distribution"] else None
        self.labelled = Labelled.restored(state["labelled"])
        self.slices.restore(state["slices"])
        self.sample.restore(state["sample"])
        self.worst.restore(state["worst"])
        return self


def row_of(pair: Pair, found: Compared | None) -> Row:
    """A pair as one row of a table. first: both sides' first numbers, where the answers are numbers."""
    live, candidate = pair.live, pair.candidate
    first = found.rows[0] if found and found.rows else (None, None)
    return {
        "id": live.id,
        "ts": live.ts,
        "live": _shown(live),
        "candidate": _shown(candidate),
        "difference": found.difference if found else None,
        "agree": found.agree if found else None,
        "wrong": (found.candidate_wrong or None) if found else None,
        "status_live": live.status,
        "status_candidate": candidate.status,
        "error": candidate.error[:200] if candidate.error else None,
        "ms_live": live.ms,
        "ms_candidate": candidate.ms,
        "first": list(first) if all(map(is_finite, first)) else None,
        "features": {str(name): _short(value) for name, value in pair.features.items()},
    }


def _bad(pair: Pair, found: Compared | None) -> bool | None:
    """Whether the candidate's answer is another one than the champion's; None where the champion's is unknown."""
    if pair.live.failed or (found is None and not pair.candidate.failed):
        return None
    if found is None:
        return True
    return not found.agree if found.agree is not None else bool(found.candidate_wrong) if not found.live_wrong else None


def _reasons(pair: Pair, found: Compared | None) -> list[tuple[Worst, float]]:
    """Among which examples a pair might be, and how bad it is."""
    live, candidate = pair.live, pair.candidate
    if candidate.failed:
        return [] if live.failed else [(Worst.FAILED, candidate.ms if candidate.ms >= 0 else 0.0)]
    reasons = [(Worst.SLOW, candidate.ms / live.ms)] if not live.failed and candidate.ms > live.ms > 0 else []
    if found and found.candidate_wrong and not found.live_wrong:
        reasons.append((Worst.INVALID, 1.0))
    elif found and found.agree is not None and (found.difference or not found.agree):
        reasons.append((Worst.DIFFERENCE, (not found.agree) + (found.difference or 0.0)))
    return reasons


def _shown(answer: Answer) -> Any:
    """An answer as it is shown to a person: a single value as it is, long ones shortened."""
    if answer.predictions is None:
        return None
    rows = [plain(row) for row in answer.predictions[:_SHOWN_ROWS]]
    return _short(rows[0] if len(answer.predictions) == 1 else rows)


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:_SHOWN_CHARACTERS]
    if isinstance(value, list | dict):
        text = json.dumps(value, default=str)
        return value if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
    return value
