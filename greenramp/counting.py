"""From requests, predictions and labels to what each gate judges by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from greenramp.config import Gate, Metric
from greenramp.config.gates import Unit
from greenramp.evidence import Evidence
from greenramp.gates.drift_series import DriftSeries
from greenramp.gates.health import Health, Supply
from greenramp.gates.judge import Series
from greenramp.gates.latency_series import LatencySeries
from greenramp.gates.measures import Invalid, answer_of, error_size, time_of
from greenramp.gates.rate_series import RateSeries
from greenramp.gates.share_series import ShareSeries
from greenramp.gates.size_series import SizeSeries
from greenramp.joining import Joined, Joining
from greenramp.split import Side
from greenramp.traffic_log import SeenRequest

DEFAULT_STEP_SECONDS = 600.0


class Counting:
    """All that a release knows for its gates, built up batch by batch; the same rows give the same, bit for bit.

    Requests count in the order of the router's log, labels in the order in which the last of request, prediction and
    label came. A user counts until their first bad event, for each gate: one person's hundred failures are one
    finding, not a hundred. Where numbers are compared a user counts once. Requests without a user key count each for
    itself, as all do for a gate with `unit: request`.

    step_seconds: a planned step's length, the time scale on which harm may begin late.
    """

    def __init__(
        self,
        gates: Sequence[Gate],
        candidate: Side,
        step_generation: int,
        step_seconds: float = DEFAULT_STEP_SECONDS,
    ) -> None:
        self._gates = {gate.name: gate for gate in gates}
        self._candidate = candidate
        self._step_generation = step_generation
        self.series: dict[str, Series] = {gate.name: _series_of(gate, step_seconds) for gate in gates}
        self.shares = ShareSeries(step_seconds)
        self.this_step = dict.fromkeys(self._gates, 0)
        self.requests = self.failed = 0
        self._invalid: dict[str, list[int]] = {gate.name: [0, 0] for gate in gates}
        self._first_invalid: dict[str, str] = {}
        self._supplies = {gate.name: _supply_of(gate) for gate in gates}
        self._labelled = [gate for gate in gates if gate.metric.labelled]
        self._joins = bool(self._labelled) or any(gate.metric is Metric.DRIFT for gate in gates)
        window = max((gate.label_window for gate in self._labelled), default=0.0)
        self._joining = Joining(window, labels=bool(self._labelled))

    @property
    def evidence(self) -> dict[str, Evidence]:
        """The sums of each gate that counts bad events."""
        return {name: series.evidence for name, series in self.series.items() if isinstance(series, RateSeries)}

    def health(self, name: str) -> Health:
        """What stands against judging by a gate's numbers."""
        mine, theirs = self._invalid[name]
        first = self._first_invalid.get(name)
        words = f"{mine:,} of the candidate's values can't be measured, the first is {first}" if first else ""
        numbers: dict[str, float] = {"invalid": mine, "champion_invalid": theirs} if mine or theirs else {}
        note = ""
        if self._gates[name].metric.labelled:
            due, missing = self._joining.labels_due
            if due:
                numbers |= {"labels_due": due, "labels_missing": missing}
                note = f"{missing:,} of {due:,} labels did not come within {self._joining.window:g} s"
        return Health(words, self._supplies[name].fault, note, numbers)

    def add_requests(self, requests: Iterable[SeenRequest]) -> None:
        """Count a batch of requests."""
        for request in requests:
            self.requests += 1
            self.failed += not request.answered
            mine = request.side is self._candidate
            self.shares.add(request.share_of(self._candidate), mine, request.ts, request.user)
            for gate in self._gates.values():
                self._see(gate, request, mine)
            if self._joins and request.id and not request.failed:
                self._finish(self._joining.request(request, mine=mine))

    def add_predictions(self, predictions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Take in (request id, answers), as the environments logged them."""
        for request_id, answers in predictions:
            if self._joins:
                self._finish(self._joining.prediction(request_id, list(answers)))

    def add_labels(self, labels: Iterable[tuple[str, Any]]) -> None:
        """Take in (request id, label): one label, or a list with one for each row of the request; None is no label."""
        for request_id, label in labels:
            if self._labelled and label is not None:
                self._finish(self._joining.label(request_id, label if isinstance(label, list) else [label]))

    def _see(self, gate: Gate, request: SeenRequest, mine: bool) -> None:
        """What a request alone says to a gate."""
        if gate.metric is Metric.ERRORS:
            self._take(gate, request, request.failed)
            return
        if mine and not request.failed:
            self._supplies[gate.name].asked(request.ts)
        if request.ms is not None and gate.metric in (Metric.SLOW, Metric.LATENCY):
            ms = time_of(request.ms)
            slow = gate.metric is Metric.SLOW and not isinstance(ms, Invalid)
            self._take(gate, request, ms > (gate.slower_than_ms or 0) if slow else ms)  # type: ignore[operator]

    def _finish(self, joined: Iterable[Joined]) -> None:
        """What a request says to the gates once its answer, or its label, is known."""
        for request, prediction, label in joined:
            for gate in self._gates.values():
                if gate.metric is Metric.DRIFT and label is None:
                    self._take(gate, request, answer_of(prediction))
                elif gate.metric is Metric.WRONG and label is not None:
                    self._take(gate, request, prediction != label)
                elif gate.metric is Metric.ERROR_SIZE and label is not None:
                    self._take(gate, request, error_size(prediction, label))

    def _take(self, gate: Gate, request: SeenRequest, value: float | str | Invalid) -> None:
        """Add one measurement to a gate's series."""
        mine = request.side is self._candidate
        if mine:
            self._supplies[gate.name].given(request.ts)
        added = value if isinstance(value, Invalid) else self._add(gate, request, mine, value)
        if isinstance(added, Invalid):
            self._invalid[gate.name][0 if mine else 1] += 1
            if mine:
                self._first_invalid.setdefault(gate.name, added.words)
        elif added and mine and request.generation >= self._step_generation:
            self.this_step[gate.name] += 1

    def _add(self, gate: Gate, request: SeenRequest, mine: bool, value: float | str) -> bool | Invalid:
        """Whether a valid value counts for its gate."""
        share, user = request.share_of(self._candidate), request.user if gate.unit is Unit.USER_FIRST else ""
        series = self.series[gate.name]
        if isinstance(series, RateSeries):
            return series.add(share, mine, bool(value), request.ts, user)
        if isinstance(series, DriftSeries):
            if not series.fits(value):
                return Invalid(f"an answer of {value!r:.60} among {series.kind}")
            series.add(share, mine, value, user)
        elif isinstance(series, LatencySeries):
            series.add(share, mine, float(value), request.ts, user)
        else:
            series.add(share, mine, float(value), user)
        return True


def _series_of(gate: Gate, step_seconds: float) -> Series:
    if gate.metric is Metric.LATENCY:
        return LatencySeries(gate.margin, step_seconds, gate.reserve)
    if gate.metric is Metric.ERROR_SIZE:
        return SizeSeries(gate.margin or 0.0)
    if gate.metric is Metric.DRIFT:
        return DriftSeries()
    return RateSeries(gate.margin, step_seconds, gate.reserve, gate.hint)


def _supply_of(gate: Gate) -> Supply:
    if gate.metric.labelled:
        return Supply("label that belongs to an answer", gate.label_window + gate.grace_seconds)
    return Supply(
        "answer in the prediction logs" if gate.metric is Metric.DRIFT else "time in the router's log",
        gate.grace_seconds,
    )
