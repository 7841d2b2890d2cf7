"""Pictures of a release, drawn from its journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_COLORS = {"pass": "#2a9d4a", "unsure": "#c9a227", "fail": "#c0392b", "unavailable": "#7f8c8d", "invalid": "#8e44ad"}


def release_figure(journal: Sequence[dict[str, Any]], title: str) -> Figure:
    """The candidate's share over time, and below it each gate's ratio to the champion with its interval.

    journal: a release's lines (greenramp.clients.journal). Dots have the colour of the verdict.
    """
    start = journal[0]["ts"] if journal else 0.0
    gates = sorted({v["gate"] for line in journal for v in line.get("verdicts", [])})
    figure = Figure(figsize=(9, 2.6 + 1.9 * len(gates)), layout="constrained")
    axes = figure.subplots(1 + len(gates), 1, sharex=True, squeeze=False)[:, 0]
    _draw_share(axes[0], journal, start)
    axes[0].set_title(title)
    for axis, gate in zip(axes[1:], gates, strict=True):
        _draw_gate(axis, journal, start, gate)
    axes[-1].set_xlabel("seconds since the release began")
    return figure


def _draw_share(axis: Axes, journal: Sequence[dict[str, Any]], start: float) -> None:
    times, shares = [0.0], [0.0]
    for line in journal:
        share = _share_after(line)
        if share is not None:
            times.append(line["ts"] - start)
            shares.append(share)
    end = journal[-1]["ts"] - start if journal else 0.0
    axis.step([*times, end], [*shares, shares[-1]], where="post", color="#1f4e79", linewidth=2)
    axis.fill_between([*times, end], [*shares, shares[-1]], step="post", color="#1f4e79", alpha=0.15)
    for line in journal:
        if line["event"] == "verdicts" and any(v["outcome"] == "fail" for v in line["verdicts"]):
            axis.axvline(line["ts"] - start, color=_COLORS["fail"], linestyle="--", label="a gate fails")
    axis.set_ylim(-4, 104)
    axis.set_ylabel("candidate's share, %")


def _share_after(line: dict[str, Any]) -> float | None:
    if line["event"] == "share raised":
        return float(line["percent"])
    return {"traffic switched": 100.0, "traffic put back": 0.0}.get(line["event"])


def _draw_gate(axis: Axes, journal: Sequence[dict[str, Any]], start: float, gate: str) -> None:
    for line in journal:
        for verdict in line.get("verdicts", []):
            numbers = verdict["numbers"]
            if verdict["gate"] != gate or "ratio" not in numbers:
                continue
            at, ratio = line["ts"] - start, max(numbers["ratio"], 0.01)
            color = _COLORS[verdict["outcome"]]
            low, high = max(numbers.get("ratio_low", 0.01), 0.01), min(numbers.get("ratio_high", 100.0), 100.0)
            axis.plot([at, at], [low, high], color=color, alpha=0.35)
            axis.plot(at, ratio, "o", color=color, markersize=4)
    axis.axhline(1.0, color="#444444", linewidth=0.8)
    axis.set_yscale("log")
    axis.set_ylim(0.01, 100)
    axis.set_ylabel(f"{gate}\ncandidate / champion")
