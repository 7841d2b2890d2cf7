"""Pictures of a release, drawn from its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

Line = Mapping[str, Any]

_COLORS = {"pass": "#2a9d4a", "unsure": "#c9a227", "fail": "#c0392b", "unavailable": "#7f8c8d", "invalid": "#8e44ad"}
_CANDIDATE, _CHAMPION = "#1f4e79", "#9a9a9a"


def release_figure(journal: Sequence[Line], title: str) -> Figure:
    """The candidate's share over time, and below it each gate's rate of bad events on both sides.

    journal: a release's lines (greenramp.clients.journal). Dots have the colour of the verdict; the last verdict's
    sentence stands above its gate.
    """
    start = float(journal[0]["ts"]) if journal else 0.0
    gates = sorted({v["gate"] for line in journal for v in line.get("verdicts", [])})
    figure = Figure(figsize=(10, 2.2 + 1.7 * len(gates)), layout="constrained", dpi=110)
    axes = figure.subplots(1 + len(gates), 1, sharex=True, squeeze=False)[:, 0]
    _draw_share(axes[0], journal, start)
    axes[0].set_title(title, loc="left", fontweight="bold")
    for axis, gate in zip(axes[1:], gates, strict=True):
        _draw_gate(axis, journal, start, gate)
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#eeeeee")
        for line in journal:
            if _fails(line):
                axis.axvline(line["ts"] - start, color=_COLORS["fail"], linestyle=":", linewidth=1)
    axes[-1].set_xlabel("seconds since the release began")
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
    axis.step([*times, end], [*shares, shares[-1]], where="post", color=_CANDIDATE, linewidth=2)
    axis.fill_between([*times, end], [*shares, shares[-1]], step="post", color=_CANDIDATE, alpha=0.12)
    axis.set_ylim(0, 118)
    axis.set_ylabel("candidate's\nshare, %")


def _share_after(line: Line) -> float | None:
    if line["event"] == "share raised":
        return float(line["percent"])
    return {"traffic switched": 100.0, "traffic put back": 0.0}.get(line["event"])


def _draw_gate(axis: Axes, journal: Sequence[Line], start: float, gate: str) -> None:
    seen = [(line["ts"] - start, v) for line in journal for v in line.get("verdicts", []) if v["gate"] == gate]
    counted = [(at, v) for at, v in seen if v["numbers"].get("candidate", 0) > 0]
    times = [at for at, _ in counted]
    candidate = [_percent(v["numbers"], "candidate") for _, v in counted]
    champion = [_percent(v["numbers"], "champion") for _, v in counted]
    axis.plot(times, champion, color=_CHAMPION, linewidth=1.5, label="champion")
    axis.plot(times, candidate, color=_CANDIDATE, linewidth=1, label="candidate")
    axis.scatter(times, candidate, color=[_COLORS[v["outcome"]] for _, v in counted], s=14, zorder=3)
    axis.set_ylim(-1, max(5.0, 1.15 * max([*candidate, *champion], default=0.0)))
    axis.set_ylabel(f"{gate}\n% bad")
    axis.legend(loc="upper left", fontsize=7, frameon=False)
    if seen:
        verdict = seen[-1][1]
        sentence = f"{verdict['outcome']}: {verdict['sentence']}"
        axis.set_title(sentence[:150], loc="left", fontsize=7, color=_COLORS[verdict["outcome"]])


def _percent(numbers: Mapping[str, float], side: str) -> float:
    return 100 * numbers[f"{side}_bad"] / numbers[side] if numbers.get(side) else 0.0


def _fails(line: Line) -> bool:
    return line["event"] == "verdicts" and any(v["outcome"] == "fail" for v in line["verdicts"])
