"""What sources outside give to the gates that judge by them: sums of both sides, and words when they give nonsense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from greenramp.config import Gate
from greenramp.gates.bucket_series import BucketSeries
from greenramp.gates.count_series import CountSeries
from greenramp.gates.judge import Series
from greenramp.gates.measures import Invalid
from greenramp.measures.sources import Batch


@dataclass
class Taken:
    """What a batch gave to one gate.

    candidate: its events. given: when there were some, in seconds since the epoch. wrong: what can't be taken in.
    """

    candidate: int = 0
    given: list[float] = field(default_factory=list)
    wrong: list[Invalid] = field(default_factory=list)


def take_in(series: Series, batch: Batch, split: float) -> Taken:
    """Add a batch's sums to the series of a gate that judges by this source. split: see CountSeries.add."""
    taken = Taken()
    if isinstance(series, CountSeries):
        for c in batch.counts:
            series.add(c.candidate, c.champion, c.candidate_bad, c.champion_bad, c.ts, split=split)
            _note(taken, c.candidate, c.ts)
    elif isinstance(series, BucketSeries):
        for b in batch.buckets:
            if invalid := series.add(b.bounds, b.candidate, b.champion, b.ts, split):
                taken.wrong.append(invalid)
            else:
                _note(taken, sum(b.candidate), b.ts)
    return taken


def _note(taken: Taken, events: int, ts: float) -> None:
    taken.candidate += events
    if events:
        taken.given.append(ts)


class Refusals:
    """Sources whose last answer can't be evidence, and what is wrong with it; a good answer mends it."""

    def __init__(self, gates: Mapping[str, Gate]) -> None:
        self._judged_by = {gate.source for gate in gates.values()}
        self._words: dict[str, str] = {}

    def note(self, source: str, words: str) -> None:
        """What is wrong with a source's last answer; no words when nothing is."""
        if words:
            self._words[source] = words
        else:
            self._words.pop(source, None)

    def against(self, gate: Gate) -> str:
        """What stands against a gate's evidence. Sources that no gate names give labels."""
        wrong = (w for name, w in self._words.items() if name == gate.source)
        if gate.metric.labelled:
            wrong = (w for name, w in self._words.items() if name not in self._judged_by)
        return "; ".join(wrong)
