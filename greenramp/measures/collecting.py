"""What each metric is collected in, and how long it may be waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greenramp.config import Gate, Metric
from greenramp.gates import (
    BucketSeries,
    ConversionSeries,
    CountSeries,
    DriftSeries,
    LatencySeries,
    RateSeries,
    Series,
    SizeSeries,
)
from greenramp.gates.health import Supply

SERIES: Mapping[Metric, Callable[[Gate, float], Series]] = {
    Metric.ERRORS: lambda gate, seconds: RateSeries(gate.margin, seconds, gate.reserve, gate.hint),
    Metric.SLOW: lambda gate, seconds: RateSeries(gate.margin, seconds, gate.reserve, gate.hint),
    Metric.WRONG: lambda gate, seconds: RateSeries(gate.margin, seconds, gate.reserve, gate.hint),
    Metric.CONVERSIONS: lambda gate, seconds: ConversionSeries(gate.margin, seconds, gate.reserve, gate.hint),
    Metric.LATENCY: lambda gate, seconds: LatencySeries(gate.margin, seconds, gate.reserve),
    Metric.ERROR_SIZE: lambda gate, _: SizeSeries(gate.margin or 0.0),
    Metric.DRIFT: lambda _, __: DriftSeries(),
    Metric.COUNTS: lambda gate, seconds: CountSeries(gate.margin, seconds, gate.reserve, gate.hint),
    Metric.BUCKETS: lambda gate, seconds: BucketSeries(seconds, gate.reserve),
}
"""What each metric is collected in; the second argument is a planned step's length."""


def supply_of(gate: Gate) -> Supply:
    """What gives a gate its measurements, and how long requests may come without any."""
    if gate.metric.labelled:
        return Supply("label that belongs to an answer", gate.label_window + gate.grace_seconds)
    if gate.source is not None:
        return Supply(f"event of the candidate in the source {gate.source}", gate.grace_seconds)
    return Supply(
        "answer in the prediction logs" if gate.metric is Metric.DRIFT else "time in the router's log",
        gate.grace_seconds,
    )
