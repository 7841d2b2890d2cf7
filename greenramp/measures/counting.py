"""From requests, predictions and labels to what each gate judges by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from greenramp.config import Gate, Metric
from greenramp.config.gates import Unit
from greenramp.gates import (
    ConversionSeries,
    CountSeries,
    DriftSeries,
    Health,
    LatencySeries,
    RateSeries,
    Series,
    ShareSeries,
    SizeSeries,
)  # fmt: skip
from greenramp.gates.events import Bools, Events, Ints
from greenramp.gates.evidence import Evidence
from greenramp.gates.measures import Invalid, answer_of, converted, error_size, time_of
from greenramp.gates.user_windows import UserWindows
from greenramp.measures.collecting import SERIES, supply_of
from greenramp.measures.exposed import Exposed
from greenramp.measures.joining import Asked, Joined, Joining
from greenramp.measures.labels_due import LabelsDue
from greenramp.measures.requestcolumns import Requests
from greenramp.measures.settling import Settling
from greenramp.measures.sourced import Refusals, take_in
from greenramp.measures.sources import Batch
from greenramp.measures.unmeasured import Unmeasured
from greenramp.traffic.split import Side

DEFAULT_STEP_SECONDS = 600.0
VERSION = 2


class Counting:
    """All that a release knows for its gates, built up batch by batch; the same rows give the same, bit for bit.

    Requests count in the order of the router's log, labels in the order in which the last of request, prediction and
    label came. A user counts until their first bad event, for each gate: one person's hundred failures are one
    finding, not a hundred. Where numbers are compared a user counts once. With `unit: user` a user counts once, and
    with all of a while. Requests without a user key count each for itself, as all do for a gate with `unit: request`.

    step_seconds: a planned step's length, the time scale on which harm may begin late. settle_seconds: requests that
    come this soon after a change of traffic count for the metric errors, and for the router's shares, alone: not for
    times, and neither their answers nor their labels.
    """

    def __init__(
        self,
        gates: Sequence[Gate],
        candidate: Side,
        step_generation: int,
        step_seconds: float = DEFAULT_STEP_SECONDS,
        settle_seconds: float = 0.0,
    ) -> None:
        self._gates = {gate.name: gate for gate in gates}
        self._candidate = candidate
        self._step_generation = step_generation
        self._settling = Settling(settle_seconds)
        self.series: dict[str, Series] = {gate.name: SERIES[gate.metric](gate, step_seconds) for gate in gates}
        self.shares = ShareSeries(step_seconds)
        self.this_step = dict.fromkeys(self._gates, 0)
        self.requests = self.failed = 0
        self.exposed = Exposed(step_generation)
        by_user = [gate for gate in gates if gate.unit is Unit.USER]
        self._windows = {g.name: UserWindows(g.user_window, any_bad=g.metric.counted) for g in by_user}
        self._unmeasured = Unmeasured(self._gates)
        self.refusals = Refusals(self._gates)
        self._supplies = {gate.name: supply_of(gate) for gate in gates}
        labelled = [gate for gate in gates if gate.metric.labelled]
        self.joins = bool(labelled) or any(gate.metric is Metric.DRIFT for gate in gates)
        self._joining = Joining(labels=bool(labelled))
        awaited = [gate for gate in labelled if gate.metric.awaits_all_labels]
        self._labels = {g.name: LabelsDue(g.label_window, step_seconds, 1 << n) for n, g in enumerate(awaited)}
        self._labelled = bool(labelled)

    @property
    def evidence(self) -> dict[str, Evidence]:
        """The sums of each gate that counts bad events."""
        counted = ((name, s) for name, s in self.series.items() if isinstance(s, RateSeries | CountSeries))
        return {name: series.evidence for name, series in counted}

    def health(self, name: str) -> Health:
        """What stands against judging by a gate's numbers, now that all sources have been read."""
        against = [self.refusals.against(self._gates[name]), self._unmeasured.words(name)]
        numbers, note = self._unmeasured.numbers(name), ""
        if labels := self._labels.get(name):
            labels.settle()
            against, note, numbers = [*against, labels.loss], labels.note, numbers | labels.numbers
        return Health("; ".join(filter(None, against)), self._supplies[name].fault, note, numbers)

    def add(self, batch: Batch, source: str = "") -> None:
        """Count what one source gave; sums go to the gates that judge by it."""
        self.refusals.note(source, "")
        if batch.requests is not None:
            self.add_requests(batch.requests)
        self.add_predictions(batch.predictions)
        self.add_labels(batch.labels)
        self._add_sums(batch, source)

    def _add_sums(self, batch: Batch, source: str) -> None:
        for gate in [gate for gate in self._gates.values() if gate.source == source]:
            taken = take_in(self.series[gate.name], batch, float(self._step_generation))
            self.this_step[gate.name] += taken.candidate
            self._supplies[gate.name].given(taken.given)
            self._unmeasured.note(gate.name, np.ones(len(taken.wrong), bool), taken.wrong)

    def add_requests(self, requests: Requests) -> None:
        """Count a batch of requests; with their ids, if `joins`."""
        if not len(requests):
            return
        mine, share = requests.is_on(self._candidate), requests.share_of(self._candidate)
        self.requests += len(requests)
        self.failed += int((~requests.answered).sum())
        self.exposed.add(mine, requests.generation)
        seen = Events(share, mine, requests.failed, requests.ts, requests.user)
        self.shares.add(seen)
        settled = self._settling.settled(requests)
        timed = requests.timed & settled
        times: Events | None = None
        for gate in self._gates.values():
            if gate.metric is Metric.ERRORS:
                self._take(gate, seen, requests.generation)
                continue
            due = mine & settled & ~requests.failed
            given = timed & (gate.metric in (Metric.SLOW, Metric.LATENCY))
            self._supplies[gate.name].see(requests.ts, due, mine & given)
            series = self.series[gate.name]
            if isinstance(series, ConversionSeries):
                asked = settled & ~requests.failed
                series.ask(share[asked], mine[asked])
                self.this_step[gate.name] += int((due & (requests.generation >= self._step_generation)).sum())
            if given.any():
                times = times or Events(share, mine, requests.ms, requests.ts, requests.user).only(timed)
                self._take_times(gate, times, requests.generation[timed])
        if self.joins and requests.ids is not None:
            self._join(requests, mine, share, settled & ~requests.failed)

    def _take_times(self, gate: Gate, times: Events, generation: Ints) -> None:
        fine = np.isfinite(times.value) & (times.value >= 0)
        if not fine.all():
            wrong = times.only(~fine)
            self._unmeasured.note(gate.name, wrong.mine, [time_of(ms) for ms in wrong.value.tolist()])
            times, generation = times.only(fine), generation[fine]
        if gate.metric is Metric.SLOW:
            slow = times.value > (gate.slower_than_ms or 0)
            times = Events(times.share, times.mine, slow, times.ts, times.user)
        self._take(gate, times, generation)

    def _join(self, requests: Requests, mine: Bools, share: Any, wanted: Bools) -> None:
        columns = (share, mine, requests.ts, requests.user, requests.generation)
        joined: list[Joined] = []
        for request_id, *row, good in zip(requests.ids or (), *(c.tolist() for c in columns), wanted, strict=True):
            if good and request_id:
                entry, complete = self._joining.request(request_id, Asked(*row))
                for labels in self._labels.values():
                    labels.asked(request_id, entry)
                joined += complete
        self._finish(joined)

    def add_predictions(self, predictions: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Take in (request id, answers), as the environments logged them."""
        if self.joins:
            self._finish([j for name, answers in predictions for j in self._joining.prediction(name, list(answers))])

    def add_labels(self, labels: Iterable[tuple[str, Any]]) -> None:
        """Take in (request id, label): one label, or a list with one for each row of the request; None is no label."""
        joined: list[Joined] = []
        for request_id, label in labels:
            if self._labelled and label is not None:
                entry, complete = self._joining.label(request_id, label if isinstance(label, list) else [label])
                for due in self._labels.values():
                    due.came(entry)
                joined += complete
        self._finish(joined)

    def _finish(self, joined: Sequence[Joined]) -> None:
        """What requests say to the gates once their answers, or their labels, are known."""
        for gate in self._gates.values():
            if gate.metric is Metric.DRIFT:
                self._measure(gate, [(j.request, answer_of(j.prediction)) for j in joined if j.label is None])
            elif gate.metric is Metric.WRONG:
                self._measure(gate, [(j.request, j.prediction != j.label) for j in joined if j.label is not None])
            elif gate.metric is Metric.CONVERSIONS:
                came = [(j.request, converted(j.label)) for j in joined if j.label is not None]
                self._supplies[gate.name].given([request.ts for request, _ in came if request.mine])
                self._measure(gate, [(request, value) for request, value in came if value is not False])
            elif gate.metric is Metric.ERROR_SIZE:
                sizes = [(j.request, error_size(j.prediction, j.label)) for j in joined if j.label is not None]
                self._measure(gate, sizes)

    def _measure(self, gate: Gate, measured: list[tuple[Asked, Any]]) -> None:
        """Take in what was measured by joining, or was no measurement."""
        if not measured:
            return
        series = self.series[gate.name]
        self._supplies[gate.name].given([request.ts for request, _ in measured if request.mine])
        values = [value for _, value in measured]
        if isinstance(series, DriftSeries):
            values = series.fitting(values)
        wrong = [(r.mine, value) for (r, _), value in zip(measured, values, strict=True) if isinstance(value, Invalid)]
        if wrong:
            self._unmeasured.note(gate.name, np.array([mine for mine, _ in wrong]), [value for _, value in wrong])
        fine = [(r, value) for (r, _), value in zip(measured, values, strict=True) if not isinstance(value, Invalid)]
        if fine:
            events = Events.of([(r.share, r.mine, value, r.ts, r.user) for r, value in fine])
            self._take(gate, events, np.array([r.generation for r, _ in fine]))

    def _take(self, gate: Gate, events: Events, generation: Ints) -> None:
        """Add measurements to a gate's series."""
        if gate.unit is Unit.REQUEST:
            events = events.without_users()
        elif gate.unit is Unit.USER:
            events, generation = self._windows[gate.name].add(events, generation)
        counted = events.mine & (generation >= self._step_generation)
        series = self.series[gate.name]
        if isinstance(series, ConversionSeries):
            series.add(events)
            return  # its requests have been counted for this step
        if isinstance(series, RateSeries):
            counted &= series.add(events)
        elif isinstance(series, LatencySeries | SizeSeries | DriftSeries):
            series.add(events)
        self.this_step[gate.name] += int(counted.sum())

    def state(self) -> dict[str, Any]:
        """Plain data to go on from, bit for bit, with the same gates, candidate and step seconds."""
        return {
            "v": VERSION,
            "series": {name: series.state() for name, series in self.series.items()},
            "shares": self.shares.state(),
            "supplies": {name: supply.state() for name, supply in self._supplies.items()},
            "joining": self._joining.state(),
            "labels": {name: labels.state(self._joining) for name, labels in self._labels.items()},
            "windows": {name: windows.state() for name, windows in self._windows.items()},
            "settling": self._settling.state(),
            "unmeasured": self._unmeasured.state(),
            "sums": [self.requests, self.failed],
            "exposed": self.exposed.state(),
            "step": [self._step_generation, self.this_step],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state; what was counted for another step does not count for this one.

        Raises ValueError for a state of another version, or of other gates.
        """
        if state["v"] != VERSION or set(state["series"]) != set(self._gates):
            raise ValueError(f"a state of version {state['v']} for {', '.join(state['series'])} is none of these gates")
        generation, this_step = state["step"]
        if generation > self._step_generation:
            raise ValueError(f"a state of generation {generation} is none of {self._step_generation}")
        for name, series in self.series.items():
            series.restore(state["series"][name])
        self.shares.restore(state["shares"])
        for name, supply in self._supplies.items():
            supply.restore(state["supplies"][name])
        self._joining.restore(state["joining"])
        for name, labels in self._labels.items():
            labels.restore(state["labels"][name], self._joining)
        for name, windows in self._windows.items():
            windows.restore(state["windows"][name])
        self._settling.restore(state["settling"])
        self._unmeasured.restore(state["unmeasured"])
        self.requests, self.failed = state["sums"]
        self.exposed.restore(state["exposed"])
        self.this_step = dict(this_step) if generation == self._step_generation else dict.fromkeys(self._gates, 0)
        return self
