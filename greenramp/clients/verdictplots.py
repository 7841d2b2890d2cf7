"""A picture of what the gates said about a recorded table, look by look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from greenramp.clients.evidenceplots import COLORS, draw_distance, draw_evidence
from greenramp.judging.recorded import Look, Reached
from greenramp.verdict import Outcome


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
            draw_distance(axis, at, numbers)
        else:
            draw_evidence(axis, at, numbers)
        _mark(axis, reached[gate], start, timed)
        axis.set_ylabel(gate if any("distance" in n for n in numbers) else f"{gate}\nevidence, 10^")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#eeeeee")
    axes[-1].set_xlabel("seconds since the first row" if timed else "row")
    return figure


def _mark(axis: Axes, reached: Reached, start: float, timed: bool) -> None:
    verdict = reached.verdict
    color = COLORS[verdict.outcome.value]
    axis.set_title(f"{verdict.outcome.value}: {verdict.sentence}"[:150], loc="left", fontsize=7, color=color)
    if verdict.outcome is Outcome.FAIL:
        axis.axvline(reached.ts - start if timed else reached.row, color=color, linestyle=":", linewidth=1)
