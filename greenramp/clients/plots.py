"""Pictures of a release, drawn from its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from greenramp.clients.evidenceplots import CANDIDATE, COLORS, draw_evidence, draw_measured

Line = Mapping[str, Any]


def release_figure(journal: Sequence[Line], title: str) -> Figure:
    """The candidate's share over time; below it for each gate what it measures on both sides, and its evidence.

    journal: a release's lines (greenramp.clients.journal). Dots have the colour of the verdict; the last verdict's
    sentence stands above its gate. Evidence is given as powers of ten, with what it has to reach.
    """
    start = float(journal[0]["ts"]) if journal else 0.0
    gates = sorted({v["gate"] for line in journal for v in line.get("verdicts", [])})
    figure = Figure(figsize=(13, 2.2 + 1.7 * len(gates)), layout="constrained", dpi=110)
    grid = figure.add_gridspec(1 + len(gates), 2, width_ratios=(3, 2))
    share = figure.add_subplot(grid[0, :])
    _draw_share(share, journal, start)
    share.set_title(title, loc="left", fontweight="bold")
    for row, gate in enumerate(gates, start=1):
        measured = figure.add_subplot(grid[row, 0], sharex=share)
        _draw_gate(measured, figure.add_subplot(grid[row, 1], sharex=share), journal, start, gate)
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#eeeeee")
        for line in journal:
            if _fails(line):
                axis.axvline(line["ts"] - start, color=COLORS["fail"], linestyle=":", linewidth=1)
    for axis in figure.axes[-2:]:
        axis.set_xlabel("seconds since the release began")
    return figure


def _draw_share(axis: Axes, journal: Sequence[Line], start: float) -> None:
    times, shares = [0.0], [0.0]
    for line in journal:
        share = _share_after(line)
        if share is not None:
            times.append(line["ts"] - start)
            shares.append(share)
            if share > 0:
                axis.annotate(f"{share:g} %", (times[-1], share), xytext=(3, 3), textcoords="offset points", fontsize=8)
    end = journal[-1]["ts"] - start if journal else 0.0
    axis.step([*times, end], [*shares, shares[-1]], where="post", color=CANDIDATE, linewidth=2)
    axis.fill_between([*times, end], [*shares, shares[-1]], step="post", color=CANDIDATE, alpha=0.12)
    axis.set_ylim(0, 118)
    axis.set_ylabel("candidate's\nshare, %")


def _share_after(line: Line) -> float | None:
    if line["event"] == "share raised":
        return float(line["percent"])
    return {"traffic switched": 100.0, "traffic put back": 0.0}.get(line["event"])


def _draw_gate(measured: Axes, evidence: Axes, journal: Sequence[Line], start: float, gate: str) -> None:
    seen = [(line["ts"] - start, v) for line in journal for v in line.get("verdicts", []) if v["gate"] == gate]
    times, numbers = [at for at, _ in seen], [v["numbers"] for _, v in seen]
    unit = draw_measured(measured, times, numbers, [COLORS[v["outcome"]] for _, v in seen])
    measured.set_ylabel(f"{gate}\n{unit}".rstrip())
    draw_evidence(evidence, times, numbers)
    evidence.set_ylabel("evidence, 10^")
    if seen:
        verdict = seen[-1][1]
        sentence = f"{verdict['outcome']}: {verdict['sentence']}"
        measured.set_title(sentence[:190], loc="left", fontsize=7, color=COLORS[verdict["outcome"]])


def _fails(line: Line) -> bool:
    return line["event"] == "verdicts" and any(v["outcome"] == "fail" for v in line["verdicts"])
