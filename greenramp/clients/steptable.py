"""The candidate's requests of one step as a table, for suites of expectations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from greenramp.measures.traffic_log import seen_request
from greenramp.suites.answers import outputs_of
from greenramp.traffic.split import Side

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 100_000
"""Requests kept of a step, the newest: about 130 MB with answers of one row, and half a second to judge."""


class Asked(NamedTuple):
    """One request that the router gave to the candidate. ms: None when there was no time. user: "" for nobody."""

    id: str
    ts: float
    status: int
    failed: bool
    ms: float | None
    user: str


def asked_in(rows: Iterable[Mapping[str, Any]], service: str, candidate: Side, generation: int = 0) -> Iterator[Asked]:
    """The candidate's requests among rows of the router's log, routed by the record `generation` or a later one."""
    for row in rows:
        seen = seen_request(row)
        if seen is None or seen.generation < generation:
            continue
        if seen.service == service and seen.side is candidate:
            yield Asked(seen.id, seen.ts, int(row["status"] or 0), seen.failed, seen.ms, seen.user)


class StepTable:
    """Collects one step's requests and their answers, in whatever order these come; make a new one for each step.

    unrecorded: requests of the table that were answered, but whose answer is not in the prediction log (yet), as those
    of the last tenth of a second or answers too long for the log. What is not known is not called null: they are left
    out.
    """

    def __init__(self, step: str, most_rows: int = MOST_ROWS) -> None:
        self._step = step
        self._most = most_rows
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._answers: OrderedDict[str, Sequence[Any]] = OrderedDict()
        self.unrecorded = 0

    def add_requests(self, requests: Iterable[Asked]) -> None:
        """Take in requests of the candidate; those without an id can't be joined with their answers."""
        for asked in requests:
            self._asked[asked.id or f"(none {asked.ts} {len(self._asked)})"] = asked
            if len(self._asked) > self._most:
                gone, _ = self._asked.popitem(last=False)
                self._answers.pop(gone, None)

    def add_predictions(self, predictions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Take in (request id, answers), of either side; what belongs to none of these requests is let go in time."""
        for request_id, answers in predictions:
            self._answers[request_id] = answers
            if len(self._answers) > 2 * self._most:  # as many of the other side's
                self._answers.popitem(last=False)

    def frame(self) -> pd.DataFrame:
        """One row per request: ts, step, status, failed, ms, user, rows, prediction, and prediction_0.. of several.

        failed: not answered well by the candidate at the first try; whoever answered then, such a row has no answer.
        rows: how many rows the request had. prediction: the answer to the first of them, of several outputs the first.
        """
        rows = []
        self.unrecorded = 0
        for key, asked in self._asked.items():
            answers = None if asked.failed else self._answers.get(key)
            if answers is None and not asked.failed:
                self.unrecorded += 1
                continue
            row = {"ts": asked.ts, "step": self._step, "status": asked.status, "failed": asked.failed, "ms": asked.ms}
            rows.append({**row, "user": asked.user or None, **outputs_of(answers)})
        return frame_of(rows)


_ALWAYS = ("ts", "step", "status", "failed", "ms", "user", "rows", "prediction")


def frame_of(rows: Sequence[Mapping[str, Any]], always: Sequence[str] = _ALWAYS) -> pd.DataFrame:
    """Rows as a table. always: columns that it has even when no row does, so that a suite can name them."""
    import pandas as pd

    names = dict.fromkeys([*always, *(name for row in rows for name in row)])
    return pd.DataFrame({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: Sequence[Any]) -> pd.Series:
    """A column of numbers, of truth values, or of whatever there is; a text stays a Python text."""
    import pandas as pd

    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float}:
        try:
            return pd.Series(values, dtype="int64" if kinds == {int} and None not in values else "float64")
        except OverflowError:  # an integer beyond 64 bits
            return pd.Series(values, dtype=object)
    return pd.Series(values, dtype="bool" if kinds == {bool} and None not in values else object)
