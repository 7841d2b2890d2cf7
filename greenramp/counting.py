"""From requests, predictions and labels to the evidence that gates read."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from greenramp.config import Gate, Metric
from greenramp.evidence import Evidence, Stratum
from greenramp.split import Side
from greenramp.traffic_log import SeenRequest

_REMEMBERED = 500_000
"""Requests kept for labels that come late; the oldest are let go beyond that."""


@dataclass
class _Labelled:
    request: SeenRequest | None = None
    prediction: Any = None
    label: Any = None

    @property
    def complete(self) -> bool:
        return self.request is not None and self.prediction is not None and self.label is not None


class Counting:
    """Evidence for every gate of one release, built up batch by batch; the same rows give the same evidence.

    A user counts until their first bad event, for each gate: one person's hundred failures are one finding,
    not a hundred. Requests without a user key count each for itself.
    """

    def __init__(self, gates: Sequence[Gate], candidate: Side, step_generation: int) -> None:
        self._gates = gates
        self._candidate = candidate
        self._step_generation = step_generation
        self._counts: dict[str, dict[float, list[int]]] = {gate.name: {} for gate in gates}
        self.this_step = dict.fromkeys(self._counts, 0)
        self.requests = self.failed = 0
        self._bad_users: set[tuple[str, str]] = set()
        self._labelled: OrderedDict[str, _Labelled] = OrderedDict()

    @property
    def evidence(self) -> dict[str, Evidence]:
        """What each gate may read now."""
        return {
            gate: Evidence(tuple(Stratum(share, *counts) for share, counts in strata.items()))
            for gate, strata in self._counts.items()
        }

    def add_requests(self, requests: Iterable[SeenRequest]) -> None:
        """Count a batch of requests."""
        for request in requests:
            self.requests += 1
            self.failed += not request.answered
            for gate in self._gates:
                if gate.metric is Metric.ERRORS:
                    self._count(gate, request, request.failed)
                elif gate.metric is Metric.SLOW and request.ms is not None and gate.slower_than_ms is not None:
                    self._count(gate, request, request.ms > gate.slower_than_ms)
            if request.id and not request.failed and any(g.metric is Metric.WRONG for g in self._gates):
                self._join(request.id, request=request)

    def add_predictions(self, predictions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Take in (request id, answers), as the environments logged them."""
        for request_id, answers in predictions:
            self._join(request_id, prediction=list(answers))

    def add_labels(self, labels: Iterable[tuple[str, Any]]) -> None:
        """Take in (request id, label): one label, or a list with one for each row of the request; None is no label."""
        for request_id, label in labels:
            if label is not None:
                self._join(request_id, label=label if isinstance(label, list) else [label])

    def _join(self, request_id: str, **part: Any) -> None:
        entry = self._labelled.setdefault(request_id, _Labelled())
        for name, value in part.items():
            setattr(entry, name, value)
        if entry.complete and entry.request is not None:
            for gate in self._gates:
                if gate.metric is Metric.WRONG:
                    self._count(gate, entry.request, entry.prediction != entry.label)
            del self._labelled[request_id]
        elif len(self._labelled) > _REMEMBERED:
            self._labelled.popitem(last=False)

    def _count(self, gate: Gate, request: SeenRequest, bad: bool) -> None:
        if request.user:
            if (gate.name, request.user) in self._bad_users:
                return
            if bad:
                self._bad_users.add((gate.name, request.user))
        mine = request.side is self._candidate
        counts = self._counts[gate.name].setdefault(request.share_of(self._candidate), [0, 0, 0, 0])
        counts[0 if mine else 1] += 1  # in the order of Stratum's fields
        counts[2 if mine else 3] += bad
        if mine and request.generation >= self._step_generation:
            self.this_step[gate.name] += 1
