"""A picture of what the gates said about a recorded table, look by look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from greenramp.recorded import Look, Reached
from greenramp.verdict import Outcome

_COLORS = {"pass": "#2a9d4a", "unsure": "#c9a227", "fail": "#c0392b", "unavailable": "#7f8c8d", "invalid": "#8e44ad"}
_LINES = {
    "against": ("against it", "#c0392b", "-"),
    "above_limit": ("more than max_rate", "#c0392b", "--"),
    "above_floor": ("more than floor", "#d08770", ":"),
    "for": ("for it", "#2a9d4a", "-"),
    "below_limit": ("less than max_rate", "#2a9d4a", "--"),
}
"""The kinds of evidence in a verdict's numbers: what each speaks for, and its line."""

_LEAST, _MOST = -3.0, 6.0  # powers of ten; evidence beyond that decides nothing more


def evidence_figure(looks: Sequence[Look], reached: Mapping[str, Reached], title: str) -> Figure:
    """Each gate's evidence against the time (or the row, where there are no times), with what it has to reach.

    Evidence is given as powers of ten. A gate on answers shows its distance instead, between its bounds.
    """
    timed = len({look.ts for look in looks}) > 1
    start = looks[0].ts if looks else 0.0
    at = [look.ts - start if timed else look.row for look in looks]
    gates = list(reached)
    figure = Figure(figsize=(10, 1.2 + 1.9 * max(len(gates), 1)), layout="constrained", dpi=110)
    axes = figure.subplots(max(len(gates), 1), 1, sharex=True, squeeze=False)[:, 0]
    figure.suptitle(title, x=0.01, horizontalalignment="left", fontweight="bold")
    for axis, gate in zip(axes, gates, strict=False):
        numbers = [next((v.numbers for v in look.verdicts if v.gate == gate), {}) for look in looks]
        if any("distance" in n for n in numbers):
            _draw_distance(axis, at, numbers)
        else:
            _draw_evidence(axis, at, numbers)
        _mark(axis, reached[gate], start, timed)
        axis.set_ylabel(gate if any("distance" in n for n in numbers) else f"{gate}\nevidence, 10^")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#eeeeee")
    axes[-1].set_xlabel("seconds since the first row" if timed else "row")
    return figure


def _draw_evidence(axis: Axes, at: Sequence[float], numbers: Sequence[Mapping[str, float]]) -> None:
    for kind, (words, color, style) in _LINES.items():
        known = [(x, n[f"log10_{kind}"], n[f"log10_{kind}_needed"]) for x, n in zip(at, numbers, strict=True)
                 if f"log10_{kind}" in n]  # fmt: skip
        if not known:
            continue
        xs, ys, needed = zip(*known, strict=True)
        axis.plot(
            xs, [min(max(y, _LEAST), _MOST) for y in ys], color=color, linestyle=style, linewidth=1.2, label=words
        )
        axis.axhline(needed[-1], color=color, linestyle=":", linewidth=0.8)
        axis.legend(loc="upper left", fontsize=7, frameon=False)


def _draw_distance(axis: Axes, at: Sequence[float], numbers: Sequence[Mapping[str, float]]) -> None:
    known = [(x, n) for x, n in zip(at, numbers, strict=True) if "distance" in n]
    xs = [x for x, _ in known]
    axis.plot(xs, [n["distance"] for _, n in known], color="#1f4e79", linewidth=1.2, label="distance of the answers")
    low, high = ([n[key] for _, n in known] for key in ("distance_low", "distance_high"))
    axis.fill_between(xs, low, high, color="#1f4e79", alpha=0.12)
    axis.axhline(known[-1][1]["tolerance"], color="#c0392b", linestyle=":", linewidth=0.8, label="tolerance")
    axis.legend(loc="upper right", fontsize=7, frameon=False)


def _mark(axis: Axes, reached: Reached, start: float, timed: bool) -> None:
    verdict = reached.verdict
    color = _COLORS[verdict.outcome.value]
    axis.set_title(f"{verdict.outcome.value}: {verdict.sentence}"[:150], loc="left", fontsize=7, color=color)
    if verdict.outcome is Outcome.FAIL:
        axis.axvline(reached.ts - start if timed else reached.row, color=color, linestyle=":", linewidth=1)
