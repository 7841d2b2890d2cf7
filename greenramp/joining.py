"""Brings request, prediction and label of one id together, in whatever order they come."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any, NamedTuple

from greenramp.traffic_log import SeenRequest

_REMEMBERED = 500_000
"""Requests kept for labels that come late; the oldest are let go beyond that."""


class Joined(NamedTuple):
    """What has come together. label: None when it is the prediction that has just met its request."""

    request: SeenRequest
    prediction: list[Any]
    label: list[Any] | None


@dataclass
class _Waiting:
    request: SeenRequest | None = None
    prediction: list[Any] | None = None
    label: list[Any] | None = None
    answered: bool = False
    overdue: bool = False


class Joining:
    """Keeps what waits for its other parts. labels: whether labels are waited for, too, and how long, in seconds."""

    def __init__(self, window: float, *, labels: bool) -> None:
        self.window = window
        self._labels = labels
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()
        self._not_due: deque[tuple[float, str]] = deque()
        self._now = 0.0
        self._due = self._missing = 0

    def request(self, request: SeenRequest, *, mine: bool) -> list[Joined]:
        """Take in a request that its own side answered."""
        self._now = max(self._now, request.ts)
        if mine and self._labels:
            self._not_due.append((request.ts, request.id))
        entry = self._entry(request.id)
        entry.request = request
        return self._joined(request.id, entry)

    def prediction(self, request_id: str, prediction: list[Any]) -> list[Joined]:
        """Take in what was answered."""
        entry = self._entry(request_id)
        entry.prediction = prediction
        return self._joined(request_id, entry)

    def label(self, request_id: str, label: list[Any]) -> list[Joined]:
        """Take in what would have been right."""
        entry = self._entry(request_id)
        entry.label = label
        return self._joined(request_id, entry)

    @property
    def labels_due(self) -> tuple[int, int]:
        """How many of the candidate's requests are older than the window, and how many of these have no label."""
        while self._not_due and self._now - self._not_due[0][0] > self.window:
            _, request_id = self._not_due.popleft()
            self._due += 1
            if (entry := self._waiting.get(request_id)) is not None and not entry.overdue:
                entry.overdue = True
                self._missing += 1
        return self._due, self._missing

    def _entry(self, request_id: str) -> _Waiting:
        entry = self._waiting.setdefault(request_id, _Waiting())
        if len(self._waiting) > _REMEMBERED:
            self._waiting.popitem(last=False)
        return entry

    def _joined(self, request_id: str, entry: _Waiting) -> list[Joined]:
        joined: list[Joined] = []
        request, prediction = entry.request, entry.prediction
        if request is None or prediction is None:
            return joined
        if not entry.answered:
            entry.answered = True
            joined.append(Joined(request, prediction, None))
        if entry.label is not None:
            joined.append(Joined(request, prediction, entry.label))
            self._missing -= entry.overdue
        if entry.label is not None or not self._labels:
            self._waiting.pop(request_id, None)
        return joined
