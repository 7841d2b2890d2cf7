"""What the champion gives each gate now, from its requests, predictions and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from greenramp.config import Gate, Metric
from greenramp.config.gates import Unit
from greenramp.gates.measures import Invalid, error_size, time_of
from greenramp.joining import Joining
from greenramp.needs import Baseline
from greenramp.traffic_log import SeenRequest


class Baselines:
    """Collects the measurements of one version that has, or had, traffic of its own; users count as the gates say."""

    def __init__(self, gates: Sequence[Gate]) -> None:
        self._gates = tuple(gates)
        self._values: dict[str, list[float]] = {gate.name: [] for gate in gates}
        self._done: dict[str, set[str]] = {gate.name: set() for gate in gates}
        labels = any(gate.metric.labelled for gate in gates)
        self._joining = Joining(float("inf"), labels=labels) if labels else None
        self.requests = 0
        self.users: set[str] = set()

    def add_requests(self, requests: Iterable[SeenRequest]) -> None:
        """Take in requests."""
        for request in requests:
            self.requests += 1
            if request.user:
                self.users.add(request.user)
            ms = None if request.ms is None else time_of(request.ms)
            for gate in self._gates:
                if gate.metric is Metric.ERRORS:
                    self._take(gate, request, request.failed)
                elif gate.metric is Metric.SLOW and isinstance(ms, float):
                    self._take(gate, request, ms > (gate.slower_than_ms or 0))
                elif gate.metric is Metric.LATENCY and isinstance(ms, float):
                    self._take(gate, request, ms)
            if self._joining and request.id and not request.failed:
                self._joining.request(request, mine=False)

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
            for request, answer, right in self._joining.label(
                request_id, label if isinstance(label, list) else [label]
            ):
                for gate in self._gates:
                    if gate.metric is Metric.WRONG and right is not None:
                        self._take(gate, request, answer != right)
                    elif gate.metric is Metric.ERROR_SIZE and right is not None:
                        size = error_size(answer, right)
                        if not isinstance(size, Invalid):
                            self._take(gate, request, size)

    def found(self) -> Mapping[str, Baseline]:
        """Each gate's baseline; a gate without a single measurement has none."""
        found = {}
        for gate in self._gates:
            values = self._values[gate.name]
            if gate.metric is Metric.DRIFT:
                found[gate.name] = Baseline()
            elif values and gate.metric.counted:
                found[gate.name] = Baseline.seen(round(sum(values)), len(values), self.requests)
            elif values:
                found[gate.name] = Baseline(values=np.array(values), per_request=len(values) / self.requests)
        return found

    def _take(self, gate: Gate, request: SeenRequest, value: float) -> None:
        user = request.user if gate.unit is Unit.USER_FIRST else ""
        if user and user in self._done[gate.name]:
            return
        if user and (value or not gate.metric.counted):
            self._done[gate.name].add(user)
        self._values[gate.name].append(float(value))
