"""What the champion gives each gate now, from its requests, predictions and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from greenramp.config import Gate, Metric
from greenramp.config.gates import Unit
from greenramp.gates.events import Events
from greenramp.gates.measures import Invalid, converted, error_size, time_of
from greenramp.gates.user_windows import UserWindows
from greenramp.judging.needs import Baseline
from greenramp.measures.joining import Asked, Joining
from greenramp.measures.requestcolumns import Requests


class Baselines:
    """Collects the measurements of one version that has, or had, traffic of its own; users count as the gates say."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = tuple(gates)
        self._values: dict[str, list[float]] = {gate.name: [] for gate in gates}
        self._done: dict[str, set[int]] = {gate.name: set() for gate in gates}
        self._by_user: dict[str, list[tuple[float, bool, Any, float, int]]] = {gate.name: [] for gate in gates}
        labels = any(gate.metric.labelled for gate in gates)
        self._joining = Joining(labels=labels) if labels else None
        self.requests = 0
        self.users: set[int] = set()

    def add_requests(self, requests: Requests) -> None:
        """Take in requests; with their ids, if a gate needs labels."""
        self.requests += len(requests)
        self.users.update(requests.user[requests.user != 0].tolist())
        columns = (requests.ts, requests.user, requests.failed, requests.timed, requests.ms)
        ids = repeat("", len(requests)) if requests.ids is None else requests.ids
        for name, ts, user, failed, timed, took in zip(ids, *(column.tolist() for column in columns), strict=False):
            ms = time_of(took) if timed else None
            for gate in self._gates:
                if gate.metric is Metric.ERRORS:
                    self._take(gate, ts, user, failed)
                elif gate.metric is Metric.SLOW and isinstance(ms, float):
                    self._take(gate, ts, user, ms > (gate.slower_than_ms or 0))
                elif gate.metric is Metric.LATENCY and isinstance(ms, float):
                    self._take(gate, ts, user, ms)
            if self._joining and name and not failed:
                self._joining.request(name, Asked(0.0, False, ts, user, 0))

    def add_predictions(self, predictions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Take in (request id, answers), after the requests."""
        for request_id, answers in predictions:
            if self._joining:
                self._joining.prediction(request_id, list(answers))

    def add_labels(self, labels: Iterable[tuple[str, Any]]) -> None:
        """Take in (request id, label), after the predictions."""
        for request_id, label in labels:
            if self._joining is None or label is None:
                continue
            _, joined = self._joining.label(request_id, label if isinstance(label, list) else [label])
            for request, answer, right in joined:
                for gate in self._gates:
                    if gate.metric is Metric.WRONG and right is not None:
                        self._take(gate, request.ts, request.user, answer != right)
                    elif gate.metric is Metric.CONVERSIONS and right is not None:
                        if converted(right) is True:
                            self._take(gate, request.ts, request.user, True)
                    elif gate.metric is Metric.ERROR_SIZE and right is not None:
                        size = error_size(answer, right)
                        if not isinstance(size, Invalid):
                            self._take(gate, request.ts, request.user, size)

    def found(self) -> Mapping[str, Baseline]:
        """Each gate's baseline; a gate without a single measurement has none."""
        found = {}
        for gate in self._gates:
            values = self._users_values(gate) if gate.unit is Unit.USER else self._values[gate.name]
            if gate.metric is Metric.DRIFT:
                found[gate.name] = Baseline()
            elif values and gate.metric is Metric.CONVERSIONS:
                found[gate.name] = Baseline.seen(len(values), self.requests, self.requests)
            elif values and gate.metric.counted:
                found[gate.name] = Baseline.seen(round(sum(values)), len(values), self.requests)
            elif values:
                found[gate.name] = Baseline(values=np.array(values), per_request=len(values) / self.requests)
        return found

    def _users_values(self, gate: Gate) -> list[float]:
        """One of each user whose window was over by the end."""
        events = Events.of(self._by_user[gate.name])
        windows = UserWindows(gate.user_window, any_bad=gate.metric.counted)
        final, _ = windows.add(events, np.zeros(len(events), dtype=np.int64))
        return [float(value) for value in final.value.tolist()]

    def _take(self, gate: Gate, ts: float, key: int, value: float) -> None:
        if gate.unit is Unit.USER:
            self._by_user[gate.name].append((0.0, False, value, ts, key))
            return
        user = key if gate.unit is Unit.USER_FIRST else 0
        if user and user in self._done[gate.name]:
            return
        if user and (value or not gate.metric.counted):
            self._done[gate.name].add(user)
        self._values[gate.name].append(float(value))
