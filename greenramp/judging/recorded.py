"""The gates on a recorded table: rows in, verdicts over time out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

from greenramp.config import Gate, Metric, Service
from greenramp.config.gates import Unit
from greenramp.gates import Budget, Rule
from greenramp.judging.rules import judge_one, judge_shares, rule_of
from greenramp.measures.counting import Counting
from greenramp.measures.requestcolumns import requests_of
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict

LOOKS = 300
"""There is a look after each of the first so many rows, and then whenever one in so many has come on top."""

_NEEDED: Mapping[Metric, tuple[tuple[str, ...], ...]] = {
    Metric.ERRORS: (("failed",),),
    Metric.SLOW: (("ms",),),
    Metric.LATENCY: (("ms",),),
    Metric.WRONG: (("wrong",), ("prediction", "label")),
    Metric.ERROR_SIZE: (("prediction", "label"),),
    Metric.CONVERSIONS: (("label",),),
    Metric.DRIFT: (("prediction",),),
    Metric.COUNTS: (("with counts of its source",),),
    Metric.BUCKETS: (("with the buckets of its source",),),
}
_OTHER = "(another answer)"


class Row(NamedTuple):
    """One request as it was recorded; None where a value, or its whole column, is missing.

    number: of the row in its table, from 1. mine: whether it is the candidate's. ts: seconds, 0 without a time.
    share: the candidate's share when it was routed, in [0, 1]. step: of the release, any name.
    """

    number: int
    mine: bool
    ts: float = 0.0
    user: str = ""
    share: float | None = None
    step: str = ""
    failed: bool | None = None
    ms: float | None = None
    wrong: bool | None = None
    prediction: Any = None
    label: Any = None


@dataclass(frozen=True)
class Look:
    """What the gates said after a row."""

    row: int
    ts: float
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Reached:
    """A gate's last word: the first failure, else what it says at the end; and from which row on it said so."""

    verdict: Verdict
    row: int
    ts: float


def missing_columns(gate: Gate, columns: Collection[str]) -> str:
    """Which columns a gate would need, in words; empty when they are there."""
    choices = _NEEDED[gate.metric]
    if gate.unit is Unit.USER and "user" in columns and "time" not in columns:
        return "time"
    if any(all(name in columns for name in names) for names in choices):
        return ""
    return " or ".join(" and ".join(names) for names in choices)


class Replay:
    """Takes rows in the order of time through the gates of a release.

    columns: those the table has; gates that need others are unavailable. share: the candidate's over the whole table,
    where rows don't tell theirs. only: names of the gates that matter, all if not given; each keeps its part of the
    error budget. looks: see LOOKS.
    """

    def __init__(
        self,
        plan: Service,
        columns: Collection[str],
        share: float | None = None,
        only: Collection[str] | None = None,
        looks: int = LOOKS,
    ) -> None:
        rules = [rule_of(gate) for gate in plan.measured]
        budget = Budget(plan.max_false_rollback, plan.max_false_promotion)
        gates = [gate for gate in plan.measured if only is None or gate.name in only]
        wanted = {gate.name for gate in gates}
        self._rules = [(r, budget.alpha_of(r, rules), budget.beta) for r in rules if r.name in wanted]
        self._share = share
        self._looks = looks
        self._counting = Counting(gates, Side.GREEN, 0, plan.step.min_seconds)
        self._missing = {gate.name: words for gate in gates if (words := missing_columns(gate, columns))}
        self._columns = ", ".join(columns)
        self._joins_answers = any(gate.metric is Metric.DRIFT and gate.name not in self._missing for gate in gates)
        self._judges_shares = only is None and share is None  # a share that was counted is what was drawn
        self._step: str | None = None
        self.rows = 0
        self.reached: dict[str, Reached] = {}

    def run(self, rows: Iterable[Row]) -> Iterator[Look]:
        """Feed all rows and look again and again, at the end for the last time; yields every look."""
        source = iter(rows)
        while batch := list(islice(source, max(1, self.rows // self._looks))):
            self._feed(batch)
            yield self._look(batch[-1])

    def _feed(self, batch: list[Row]) -> None:
        self.rows += len(batch)
        part: list[Row] = []
        for row in batch:
            if row.step != self._step:
                self._count(part)
                part, self._step = [], row.step
                self._counting.this_step = dict.fromkeys(self._counting.this_step, 0)
            part.append(row)
        self._count(part)

    def _count(self, rows: list[Row]) -> None:
        self._counting.add_requests(requests_of([self._request(row) for row in rows]))
        answers = [(row, answer) for row in rows if not row.failed and (answer := _answer(row)) is not None]
        self._counting.add_predictions((str(row.number), answer) for row, answer in answers)
        labels = ((row, _label(row, answer)) for row, answer in answers)
        self._counting.add_labels((str(row.number), label) for row, label in labels if label is not None)

    def _request(self, row: Row) -> SeenRequest:
        share = self._share if row.share is None else row.share
        awaits = row.wrong is not None or row.label is not None or (self._joins_answers and row.prediction is not None)
        failed = bool(row.failed)
        return SeenRequest(
            row.ts, str(row.number) if awaits else "", row.user, "", Side.GREEN if row.mine else Side.BLUE, True,
            failed, not failed, row.ms, 100 * (share or 0.0), 0,
        )  # fmt: skip

    def _look(self, row: Row) -> Look:
        verdicts = [self._verdict(rule, alpha, beta) for rule, alpha, beta in self._rules]
        if self._judges_shares and self._counting.shares.draws:
            verdicts.append(judge_shares(self._counting.shares))
        for verdict in verdicts:
            before = self.reached.get(verdict.gate)
            if before is None or before.verdict.outcome not in (verdict.outcome, Outcome.FAIL):
                self.reached[verdict.gate] = Reached(verdict, row.number, row.ts)
            elif before.verdict.outcome is not Outcome.FAIL:
                self.reached[verdict.gate] = replace(before, verdict=verdict)
        return Look(row.number, row.ts, tuple(verdicts))

    def _verdict(self, rule: Rule, alpha: float, beta: float) -> Verdict:
        if words := self._missing.get(rule.name):
            return Verdict(rule.name, Outcome.UNAVAILABLE, f"the table has no column {words}; it has {self._columns}")
        return judge_one(rule, self._counting, alpha, beta)


def _answer(row: Row) -> list[Any] | None:
    """Rows of a request's answer; a mere "wrong", or a label alone, needs any answer to be held against."""
    if row.prediction is None:
        return None if row.wrong is None and row.label is None else [0]
    return row.prediction if isinstance(row.prediction, list) else [row.prediction]


def _label(row: Row, answer: list[Any]) -> list[Any] | None:
    if row.label is not None:
        return row.label if isinstance(row.label, list) else [row.label]
    if row.wrong is None:
        return None
    return [_OTHER] if row.wrong else answer
