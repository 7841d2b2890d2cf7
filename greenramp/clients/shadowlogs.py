"""What both sides of a shadow test answered, from the prediction logs of their processes; and the labels."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from greenramp.clients.evidence_sources import labels_file, labels_in, prediction_logs
from greenramp.clients.jsonlines import JsonLines
from greenramp.home import Home
from greenramp.shadow.answers import Answer
from greenramp.traffic.split import Side

REPLAYED = "replay."
"""Ids of replayed requests begin so."""

_NO_ANSWER = -1.0

_PART = 10_000
"""Requests that are taken in at once: a watch that is repeated has all of them to read, and few of them may wait."""

_EDGE_SECONDS = 10.0
"""A request and its copy, sent at once, are taken up no farther apart than this by the two sides."""


@dataclass
class News:
    """What has come since the last look. features: request id -> column or header -> value."""

    live: list[Answer] = field(default_factory=list)
    candidate: list[Answer] = field(default_factory=list)
    features: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, list[Any]] = field(default_factory=dict)

    def parts(self, most: int = _PART) -> Iterator[News]:
        """The same bit by bit as it came, at most so many requests of users at a time; labels by the request's time."""
        if len(self.live) <= most:
            yield self
            return
        live, candidate = (sorted(side, key=_when) for side in (self.live, self.candidate))
        labels, taken = dict(self.labels), 0
        for start in range(0, len(live), most):
            asked, last = live[start : start + most], start + most >= len(live)
            until = len(candidate) if last else bisect_right(candidate, asked[-1].ts, key=_when)
            copies, taken = candidate[taken:until], until
            known = labels if last else {a.id: labels.pop(a.id) for a in asked if a.id in labels}
            yield News(asked, copies, {a.id: self.features[a.id] for a in copies if a.id in self.features}, known)


class ShadowLogs:
    """All answers to users, to copies of their requests, and to replays, since `marks` were taken.

    begun: epoch seconds from which on requests are copied; users' requests before it count for nothing, nor do copies
    of them. gaps: how often lines were deleted before they were read, see JsonLines. lost: lines that the serving
    processes say they could not write.
    """

    def __init__(
        self, home: Home, service: str, live: Side, since: Mapping[str, Sequence[int]], begun: float = 0.0
    ) -> None:
        self._home, self._service, self._live, self._since, self._begun = home, service, live, since, begun
        self._logs: dict[Path, JsonLines] = {}
        self._outside: set[str] = set()
        self.gaps = self.lost = 0

    def news(self, until: float = math.inf) -> News:
        """Everything new; without users' requests after `until`, when copying ends, and without copies of them."""
        found = News()
        for path in prediction_logs(self._home, self._service):
            for row in self._new_lines(path):
                self._sort(row, found, until)
        for request_id, label in labels_in(self._new_lines(labels_file(self._home, self._service))):
            if label is not None:
                found.labels[request_id] = label if isinstance(label, list) else [label]
        found.candidate = [answer for answer in found.candidate if answer.id not in self._outside]
        self.gaps = sum(log.gaps for log in self._logs.values())
        return found

    def _new_lines(self, path: Path) -> Iterator[dict[str, Any]]:
        if path not in self._logs:
            mark = self._since.get(str(path))
            self._logs[path] = JsonLines.from_mark(path, mark) if mark else JsonLines(path)
        return self._logs[path].new_lines()

    def _sort(self, row: Mapping[str, Any], found: News, until: float) -> None:
        if "id" not in row or "status" not in row:
            self.lost += int(row.get("dropped") or 0)
            return
        request_id, lives = str(row["id"]), row.get("environment") == self._live.value
        if bool(row.get("copy")) is lives and not request_id.startswith(REPLAYED):
            return  # the champion's copies belong to another test, and the candidate answers no user
        answer = _answer(request_id, row)
        if answer.ts < self._begun or (lives and answer.ts > until):
            if lives and answer.ts > self._begun - _EDGE_SECONDS:
                self._outside.add(request_id)  # its copy may still be sent, and be taken up within the time
            return
        (found.live if lives else found.candidate).append(answer)
        if not lives and (features := features_of(row)):
            found.features[request_id] = features


def _when(answer: Answer) -> float:
    return answer.ts


def features_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Headers and the first row's columns, as far as they were logged."""
    features: dict[str, Any] = dict(row.get("headers") or {})
    inputs = row.get("inputs") or {}
    columns, rows = inputs.get("columns"), inputs.get("rows")
    if columns and rows:
        features |= dict(zip(columns, rows[0], strict=False))
    return features


def _answer(request_id: str, row: Mapping[str, Any]) -> Answer:
    predictions = row.get("predictions")
    return Answer(
        request_id,
        float(row.get("ts") or 0),
        int(row["status"] or 0),
        float(row.get("ms", _NO_ANSWER)),
        predictions if isinstance(predictions, list) else None,
        row.get("bytes"),
        row.get("error"),
    )
