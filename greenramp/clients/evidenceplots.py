"""How a gate's numbers are drawn over time: its evidence, and what it measures on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

Numbers = Mapping[str, float]

COLORS = {"pass": "#2a9d4a", "unsure": "#c9a227", "fail": "#c0392b", "unavailable": "#7f8c8d", "invalid": "#8e44ad"}
_LINES = {
    "against": ("against it", "#c0392b", "-"),
    "above_limit": ("more than max_rate", "#c0392b", "--"),
    "above_floor": ("more than floor", "#d08770", ":"),
    "for": ("for it", "#2a9d4a", "-"),
    "below_limit": ("less than max_rate", "#2a9d4a", "--"),
}
"""The kinds of evidence in a verdict's numbers: what each speaks for, and its line."""

_LEAST, _MOST = -3.0, 6.0  # powers of ten; evidence beyond that decides nothing more


CANDIDATE, CHAMPION = "#1f4e79", "#9a9a9a"


class _Measured(NamedTuple):
    """What is drawn for each side: a number of the verdict, or one over another in percent."""

    unit: str
    candidate: str
    champion: str
    candidate_of: str = ""
    champion_of: str = ""


_MEASURED = (
    _Measured("% bad", "candidate_bad", "champion_bad", "candidate", "champion"),
    _Measured("median, ms", "median_ms", "champion_median_ms"),
    _Measured("mean error", "mean", "champion_mean"),
    _Measured("% of draws", "candidate_draws", "expected_draws", "draws", "draws"),
)


def draw_measured(axis: Axes, at: Sequence[float], numbers: Sequence[Numbers], colors: Sequence[str]) -> str:
    """Draw both sides' measurements over time, dots in `colors`; returns the unit, empty when nothing is known."""
    if any("distance" in n for n in numbers):
        draw_distance(axis, at, numbers)
        return "distance"
    for kind in _MEASURED:
        mine = [_value(n, kind.candidate, kind.candidate_of) for n in numbers]
        known = [index for index, value in enumerate(mine) if value is not None]
        if not known:
            continue
        theirs = [_value(numbers[index], kind.champion, kind.champion_of) for index in known]
        times, values = [at[index] for index in known], [mine[index] or 0.0 for index in known]
        beside = "as told" if kind.champion == "expected_draws" else "champion"
        axis.plot(times, [0.0 if v is None else v for v in theirs], color=CHAMPION, linewidth=1.5, label=beside)
        axis.plot(times, values, color=CANDIDATE, linewidth=1, label="candidate")
        axis.scatter(times, values, color=[colors[index] for index in known], s=14, zorder=3)
        most = max([*values, *(v or 0.0 for v in theirs)])
        axis.set_ylim(-0.03 * (most or 1), 1.2 * most if most and not kind.candidate_of else max(5.0, 1.2 * most))
        axis.legend(loc="upper left", fontsize=7, frameon=False)
        return kind.unit
    return ""


def _value(numbers: Numbers, part: str, whole: str) -> float | None:
    if part not in numbers or (whole and not numbers.get(whole)):
        return None
    return 100 * numbers[part] / numbers[whole] if whole else numbers[part]


def draw_evidence(axis: Axes, at: Sequence[float], numbers: Sequence[Numbers]) -> None:
    """Draw evidence for and against the candidate as powers of ten, with what each has to reach."""
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


def draw_distance(axis: Axes, at: Sequence[float], numbers: Sequence[Numbers]) -> None:
    """Draw how far the two sides' answers are apart, between its bounds."""
    known = [(x, n) for x, n in zip(at, numbers, strict=True) if "distance" in n]
    xs = [x for x, _ in known]
    axis.plot(xs, [n["distance"] for _, n in known], color="#1f4e79", linewidth=1.2, label="distance of the answers")
    low, high = ([n[key] for _, n in known] for key in ("distance_low", "distance_high"))
    axis.fill_between(xs, low, high, color="#1f4e79", alpha=0.12)
    axis.axhline(known[-1][1]["tolerance"], color="#c0392b", linestyle=":", linewidth=0.8, label="tolerance")
    axis.legend(loc="upper right", fontsize=7, frameon=False)
