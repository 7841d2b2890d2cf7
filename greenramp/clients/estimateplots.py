"""Each gate's estimate over time, between the bounds that hold at every look together (its confidence sequence)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from greenramp.clients.evidenceplots import CANDIDATE, CHAMPION, COLORS

Numbers = Mapping[str, float]


class _Kind(NamedTuple):
    """How an estimate's numbers are called, its unit, and on which axis it is drawn."""

    name: str
    unit: str
    equal: float | None
    logarithmic: bool


_KINDS = (
    _Kind("distance", "distance", None, False),
    _Kind("ratio", "times as often", 1.0, True),
    _Kind("rate", "rate", None, False),
)
_LEAST, _MOST = 1 / 16, 16.0  # of a ratio; beyond that nothing is told apart by eye


def estimates_figure(journal: Sequence[Mapping[str, Any]], title: str) -> Figure | None:
    """One picture per gate that gives bounds, over the seconds since the release began; None when none does.

    journal: a release's lines. Dots have the colour of the verdict. A dotted line is what the estimate is held to.
    """
    start = float(journal[0]["ts"]) if journal else 0.0
    seen: dict[str, list[tuple[float, str, Numbers]]] = {}
    for line in journal:
        for verdict in line.get("verdicts", []):
            row = (line["ts"] - start, verdict["outcome"], verdict["numbers"])
            seen.setdefault(verdict["gate"], []).append(row)
    drawn = {gate: kind for gate, rows in sorted(seen.items()) if (kind := _kind(rows)) is not None}
    if not drawn:
        return None
    figure = Figure(figsize=(10, 0.8 + 1.9 * len(drawn)), layout="constrained", dpi=110)
    figure.suptitle(title, x=0.01, horizontalalignment="left", fontweight="bold")
    axes = figure.subplots(len(drawn), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (gate, kind) in zip(axes, drawn.items(), strict=True):
        _draw(axis, kind, seen[gate])
        axis.set_ylabel(f"{gate}\n{kind.unit}")
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="y", color="#eeeeee")
    axes[-1].set_xlabel("seconds since the release began")
    return figure


def _kind(rows: Sequence[tuple[float, str, Numbers]]) -> _Kind | None:
    return next((kind for kind in _KINDS if any(f"{kind.name}_low" in numbers for _, _, numbers in rows)), None)


def _draw(axis: Axes, kind: _Kind, rows: Sequence[tuple[float, str, Numbers]]) -> None:
    known = [row for row in rows if f"{kind.name}_low" in row[2]]
    at = [ts for ts, _, _ in known]
    low, high = ([_bound(kind, numbers, end) for _, _, numbers in known] for end in ("low", "high"))
    axis.fill_between(at, low, high, step="post", color=CANDIDATE, alpha=0.15, label="bounds")
    told = [(ts, outcome, numbers[kind.name]) for ts, outcome, numbers in known if kind.name in numbers]
    if told:
        times, outcomes, found = zip(*told, strict=True)
        values = [min(max(v, _LEAST), _MOST) if kind.logarithmic else v for v in found]
        axis.plot(times, values, color=CANDIDATE, linewidth=1.2, label="estimate")
        axis.scatter(times, values, color=[COLORS[outcome] for outcome in outcomes], s=14, zorder=3)
    if kind.equal is not None:
        axis.axhline(kind.equal, color=CHAMPION, linewidth=1, label="as the champion")
    limit = _limit(kind, known[-1][2])
    if limit is not None:
        axis.axhline(limit, color=COLORS["fail"], linestyle=":", linewidth=1, label="held to")
    if kind.logarithmic:
        axis.set_yscale("log", base=2)
        axis.set_ylim(_LEAST, _MOST)
        axis.set_yticks([0.125, 0.5, 1, 2, 8], labels=["1/8", "1/2", "1", "2", "8"])
    axis.legend(loc="upper right", fontsize=7, frameon=False, ncols=4)


def _bound(kind: _Kind, numbers: Numbers, end: str) -> float:
    """A bound that nothing is known of lies at the end of the axis."""
    unknown = {"low": _LEAST, "high": _MOST} if kind.logarithmic else {"low": 0.0, "high": 1.0}
    value = numbers.get(f"{kind.name}_{end}", unknown[end])
    return min(max(value, _LEAST), _MOST) if kind.logarithmic else value


def _limit(kind: _Kind, numbers: Numbers) -> float | None:
    """What the estimate is held to, where the numbers say it."""
    if kind.name == "ratio":
        return 1 + numbers["margin"] if "margin" in numbers else None
    return numbers.get("tolerance" if kind.name == "distance" else "max_rate")
