"""A running comparison of two models' answers to the same requests: feed it both logs, ask it for verdicts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Self

from greenramp.shadow.answers import Answer, Copied, Pair
from greenramp.shadow.findings import Finding, find
from greenramp.shadow.kinds import shape_of
from greenramp.shadow.measures import Measures
from greenramp.shadow.meeting import Meeting, pair_from, pair_state
from greenramp.shadow.pairing import Pairing
from greenramp.shadow.rules import ShadowRules
from greenramp.shadow.sample import Row
from greenramp.shadow.tables import report, table
from greenramp.shadow.verdicts import judge
from greenramp.verdict import Verdict

WARM_UP, PATIENCE = 200, 2_000
"""Pairs with two answers from which the kind and the spread of answers are taken; pairs waited for in all."""

VERSION = 1


class ShadowComparison:
    """Constant memory, however long it runs; each pair is compared once, when it and its columns are there.

    columns: names of the features whose values are the slices. timeout_seconds: how long an answer waits for its
    partner, and a pair for its features. most_rows: rows kept for the table, the plots and the diagnoses.
    """

    def __init__(
        self,
        rules: ShadowRules,
        columns: Sequence[str] = (),
        timeout_seconds: float = 10.0,
        max_waiting: int = 50_000,
        most_rows: int = 2_000,
    ) -> None:
        self.rules = rules
        self.pairing = Pairing(timeout_seconds, max_waiting)
        self._columns, self._most_rows = tuple(columns), most_rows
        self._features = Meeting(max_waiting, timeout_seconds)
        self._labels = Meeting(max_waiting)
        self._early: list[Pair] | None = []
        self._early_labels: list[tuple[Pair, Any]] = []
        self._measures: Measures | None = None

    def take(
        self,
        live: Iterable[Answer],
        candidate: Iterable[Answer],
        features: Mapping[str, Mapping[str, Any]] | None = None,
        labels: Mapping[str, Sequence[Any]] | None = None,
    ) -> int:
        """Take in what has come since the last time, in any order; return how many pairs were completed.

        features: request id -> column -> value. labels: request id -> true answers, one for each row. Both may come
        earlier or later than the answers.
        """
        pairs = self.pairing.take(live, candidate)
        self._pass_on(pairs, features or {}, labels or {})
        return len(pairs)

    def note(self, copied: Copied) -> None:
        """Take in what became of all copies so far, by the router's word."""
        self.pairing.note(copied)

    def finish(self) -> None:
        """No more will come: what waits for a partner is given up, what waits for features is compared without."""
        self.pairing.finish()
        self._compare(self._features.overdue(float("inf")))

    @property
    def measures(self) -> Measures:
        """What is measured so far; it may be provisional while the first pairs come in."""
        if self._measures is not None:
            return self._measures
        return self._begun(self._early or [])

    def verdicts(self) -> list[Verdict]:
        """What each rule says, the pairing first."""
        return judge(self.rules, self.pairing, self.measures)

    def findings(self) -> list[Finding]:
        """What was found, the most important first; never empty."""
        return find(self.verdicts(), self.measures)

    def report(self) -> dict[str, Any]:
        """All of it as plain data, for a page and its plots."""
        return report(self.rules, self.pairing, self.measures, self.verdicts(), self.findings())

    def rows(self) -> list[Row]:
        """A sample of the pairs as rows of a table, by time, with the features as columns."""
        return table(self.measures.sample.rows)

    def _pass_on(self, pairs: list[Pair], features: Mapping[str, Any], labels: Mapping[str, Any]) -> None:
        clock = self.pairing.clock
        if self._columns:
            met = self._features.meet(pairs, features, clock)
            known = [pair._replace(features={c: found.get(c) for c in self._columns}) for pair, found in met]
            self._compare(known + self._features.overdue(clock))
        else:
            self._compare(pairs)
        if self.rules.labels:
            labelled = self._labels.meet(pairs, labels, clock)
            self._labels.overdue(clock)
            if self._measures is not None:
                self._measures.label(labelled)
            else:
                self._early_labels += labelled

    def _compare(self, pairs: list[Pair]) -> None:
        if self._measures is not None:
            self._measures.update(pairs)
            return
        self._early = (self._early or []) + pairs
        if sum(map(_both_answered, self._early)) >= WARM_UP or len(self._early) >= PATIENCE:
            self._measures = self._begun(self._early)
            self._early, self._early_labels = None, []

    def _begun(self, early: list[Pair]) -> Measures:
        """Measures whose shape is taken from the champion's answers in the first pairs, however many came at once."""
        answered = list(accumulate(map(_both_answered, early)))
        first = early[: bisect_left(answered, WARM_UP) + 1]
        known = [p.live.predictions for p in first if not p.live.failed and p.live.predictions is not None]
        measures = Measures(self.rules, shape_of(known, self.rules.answers), self._columns, self._most_rows)
        measures.update(first)
        measures.update(early[len(first) :])
        measures.label(self._early_labels)
        return measures

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "pairing": self.pairing.state(),
            "features": self._features.state(),
            "labels": self._labels.state(),
            "early": [pair_state(pair) for pair in self._early or []],
            "early_labels": [[pair_state(pair), label] for pair, label in self._early_labels],
            "measures": self._measures.state() if self._measures else None,
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a comparison that was made alike."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this comparison")
        self.pairing.restore(state["pairing"])
        self._features.restore(state["features"])
        self._labels.restore(state["labels"])
        self._early = [pair_from(pair) for pair in state["early"]]
        self._early_labels = [(pair_from(pair), label) for pair, label in state["early_labels"]]
        if state["measures"]:
            blank = Measures(self.rules, None, self._columns, self._most_rows)
            self._measures = blank.restore(state["measures"])
        return self


def _both_answered(pair: Pair) -> bool:
    return all(not side.failed and side.predictions is not None for side in (pair.live, pair.candidate))
