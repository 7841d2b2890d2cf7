"""A picture of a shadow comparison, drawn from its report (greenramp.shadow.tables.report)."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_CANDIDATE, _CHAMPION, _BAD = "#1f4e79", "#9a9a9a", "#c0392b"
_COLORS = {"pass": "#2a9d4a", "unsure": "#c9a227", "fail": "#c0392b", "unavailable": "#7f8c8d", "invalid": "#8e44ad"}
_MOST_CLASSES, _MOST_SLICES, _NUMBERED = 20, 12, 12


def shadow_figure(report: Mapping[str, Any], title: str) -> Figure:
    """What was found, the two sides' answers against each other, their times, and where they differ.

    Numbers are shown as a scatter and the histogram of their differences, classes as a confusion matrix and how often
    each is answered.
    """
    figure = Figure(figsize=(12, 9.5), layout="constrained", dpi=110)
    heights = [1.4 + 0.17 * len(report["verdicts"]), 4.2, 3.4]
    grid = figure.add_gridspec(3, 2, height_ratios=heights)
    _write_summary(figure.add_subplot(grid[0, :]), report, title)
    left, right = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    if any(row["first"] for row in report["sample"]):
        _draw_scatter(left, report)
        _draw_differences(right, report)
    elif report["confusion"] and report["confusion"]["classes"]:
        _draw_confusion(left, report["confusion"])
        _draw_classes(right, report["confusion"])
    else:
        _draw_sizes(left, report)
        _draw_worst(right, report)
    _draw_times(figure.add_subplot(grid[2, 0]), report)
    _draw_slices(figure.add_subplot(grid[2, 1]), report)
    return figure


def _write_summary(axis: Axes, report: Mapping[str, Any], title: str) -> None:
    """Title, what was found, and each verdict with its sentence."""
    axis.axis("off")
    pairs, verdicts = report["pairs"], report["verdicts"]
    counts = f"{pairs['pairs']:,} pairs, {pairs['only_live']:,} answered by the champion only, "
    counts += f"{pairs['only_candidate']:,} by the candidate only"
    said = {verdict["sentence"] for verdict in verdicts}
    also = [sentence for sentence in report["findings"][1:] if not any(sentence in whole for whole in said)][:2]
    lines: list[tuple[float, str, dict[str, Any]]] = [(1.9, title, {"fontsize": 13, "fontweight": "bold"})]
    headline = textwrap.wrap(
        report["headline"][:1].upper() + report["headline"][1:], 125, max_lines=2, placeholder=" ..."
    )
    lines += [(1.5, line, {"fontsize": 11.5}) for line in headline]
    lines += [(1.2, textwrap.shorten(f"Also: {line}", 170), {"fontsize": 9, "color": "#444444"}) for line in also]
    whole = sum(line[0] for line in lines) + len(verdicts) + 0.5
    y = 0.0
    for height, text, style in lines:
        axis.text(0, 1 - y / whole, text, va="top", transform=axis.transAxes, **style)
        y += height
    axis.text(1, 1, counts, fontsize=8, color="#555555", va="top", ha="right", transform=axis.transAxes)
    y += 0.4
    for verdict in verdicts:
        style = {"fontsize": 8, "va": "top", "transform": axis.transAxes}
        color = _COLORS[verdict["outcome"]]
        axis.text(0, 1 - y / whole, verdict["outcome"], color=color, fontweight="bold", **style)
        sentence = f"{verdict['gate'].removeprefix('shadow/')}: {verdict['sentence']}"
        axis.text(0.075, 1 - y / whole, textwrap.shorten(sentence, 180, placeholder=" ..."), **style)
        y += 1


def _draw_sizes(axis: Axes, report: Mapping[str, Any]) -> None:
    """How large the differences are, where answers are more than one number."""
    sizes = np.array([row["difference"] for row in report["sample"]], dtype=float)
    if not sizes.size:
        _say(axis, "no differences that have a size")
        return
    high = max(float(np.quantile(sizes, 0.995)), 1e-12)
    axis.hist(sizes[sizes <= high], bins=np.linspace(0, high, 41).tolist(), color=_CANDIDATE)
    axis.set_xlabel("largest difference within an answer" if report["kind"] != "rankings" else "1 - overlap")
    axis.set_ylabel("requests")
    _tidy(axis, "how far the two answers are apart", "y")


def _draw_scatter(axis: Axes, report: Mapping[str, Any]) -> None:
    """Each pair of the sample; what agrees is pale."""
    sample = [row for row in report["sample"] if row["first"]]
    points = np.array([row["first"] for row in sample], dtype=float)
    differ = np.array([row["agree"] is False for row in sample])
    axis.axline((points[0, 0], points[0, 0]), slope=1, color="#bbbbbb", linewidth=1, zorder=1)
    for which, color, words in ((~differ, _CANDIDATE, "same"), (differ, _BAD, "different")):
        if which.any():
            alpha = 0.35 if len(points) > 300 else 0.7
            x, y = points[which].T
            axis.scatter(x, y, s=9, alpha=alpha, color=color, linewidths=0, label=words, zorder=2)
    axis.legend(loc="best", fontsize=8, frameon=False, markerscale=2)
    axis.set_xlabel("champion's answer")
    axis.set_ylabel("candidate's answer")
    _tidy(axis, f"both answers to {len(points):,} requests", "both")


def _draw_differences(axis: Axes, report: Mapping[str, Any]) -> None:
    """Candidate's answer minus the champion's; the band holds what counts as the same."""
    points = np.array([row["first"] for row in report["sample"] if row["first"]], dtype=float)
    differences = points[:, 1] - points[:, 0]
    low, high = np.quantile(differences, [0.005, 0.995])
    shown = differences[(differences >= low) & (differences <= high)]
    numbers = report["kind"] == "numbers"
    same = report["limits"]["same_within"] * ((report["spread"] or 1.0) if numbers else 1.0)
    reach = max(abs(low), abs(high), same) * 1.05
    axis.axvspan(-same, same, color="#2a9d4a", alpha=0.10, linewidth=0, label="the same, by the rules")
    axis.axvline(0, color="#bbbbbb", linewidth=1)
    axis.hist(shown, bins=np.linspace(-reach, reach, 61).tolist(), color=_CANDIDATE)
    axis.axvline(float(np.median(differences)), color=_BAD, linestyle="--", linewidth=1, label="median")
    axis.legend(loc="best", fontsize=8, frameon=False)
    axis.set_xlabel("candidate's answer minus the champion's")
    axis.set_ylabel("requests")
    _tidy(axis, f"differences, {len(differences) - len(shown):,} beyond the edges", "y")


def _draw_confusion(axis: Axes, confusion: Mapping[str, Any]) -> None:
    """Of each of the champion's classes, what the candidate answers; in percent."""
    classes, counts = _most_frequent(confusion)
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    off = shares.copy()
    np.fill_diagonal(off, 0)
    axis.imshow(shares, cmap="Greys", vmin=0, vmax=160, aspect="auto")
    axis.imshow(np.ma.masked_less(off, 0.5), cmap="Reds", vmin=-15, vmax=100, aspect="auto")
    if len(classes) <= _NUMBERED:
        for (row, column), share in np.ndenumerate(shares):
            if counts[row, column]:
                word = f"{share:.0f}" if share >= 1 else "<1"
                color = "white" if row != column and share > 60 else "black"
                axis.text(column, row, word, ha="center", va="center", fontsize=8, color=color)
    axis.set_yticks(range(len(classes)), _name_places(axis, classes), fontsize=8)
    axis.set_xlabel("candidate's answer")
    axis.set_ylabel("champion's answer")
    axis.set_title("percent of each of the champion's classes", loc="left", fontsize=10)


def _draw_classes(axis: Axes, confusion: Mapping[str, Any]) -> None:
    """How often each side answers each class."""
    classes, counts = _most_frequent(confusion)
    total = max(counts.sum(), 1)
    place = np.arange(len(classes))
    axis.bar(place - 0.2, 100 * counts.sum(axis=1) / total, 0.4, color=_CHAMPION, label="champion")
    axis.bar(place + 0.2, 100 * counts.sum(axis=0) / total, 0.4, color=_CANDIDATE, label="candidate")
    _name_places(axis, classes)
    axis.set_ylabel("percent of answers")
    axis.legend(fontsize=8, frameon=False)
    _tidy(axis, "how often each class is answered", "y")


def _name_places(axis: Axes, classes: Sequence[str]) -> list[str]:
    """Write the classes below the picture, long ones aslant; give the names as they are written."""
    names = [_cut(name, 14) for name in classes]
    long = max(map(len, names)) > (12 if len(names) <= 6 else 4)
    axis.set_xticks(range(len(names)), names, rotation=40 if long else 0, ha="right" if long else "center", fontsize=8)
    return names


def _most_frequent(confusion: Mapping[str, Any]) -> tuple[list[str], np.ndarray[Any, Any]]:
    """The most frequent classes in their order, and the table of counts: champion's in rows, candidate's in columns."""
    cells, classes = confusion["cells"], confusion["classes"]
    either = {
        name: sum(cells.get(name, {}).values()) + sum(row.get(name, 0) for row in cells.values()) for name in classes
    }
    kept = set(sorted(classes, key=lambda name: -either[name])[:_MOST_CLASSES])
    shown = [name for name in classes if name in kept]
    return shown, np.array([[cells.get(a, {}).get(b, 0) for b in shown] for a in shown], dtype=float)


def _draw_worst(axis: Axes, report: Mapping[str, Any]) -> None:
    """Answers that have no picture of their own: the examples themselves."""
    rows: list[Any] = next((rows for rows in report["worst"].values() if rows), [])[:6]
    lines = [f"{r['id']}\n  champion   {_example(r['live'])}\n  candidate  {_example(r['candidate'])}" for r in rows]
    axis.axis("off")
    axis.set_title("examples", loc="left", fontsize=10)
    axis.text(0, 1, "\n".join(lines) or "none", fontsize=7.5, family="monospace", va="top", transform=axis.transAxes)


def _draw_times(axis: Axes, report: Mapping[str, Any]) -> None:
    """Share of answers that took longer than so many milliseconds: the slow ones are what users feel."""
    if not any(report["latency_bins"]):
        _say(axis, "no times are known")
        return
    for side, words, color in ((0, "champion", _CHAMPION), (1, "candidate", _CANDIDATE)):
        bins = np.array(report["latency_bins"][side], dtype=float).reshape(-1, 2)
        within = 100 * np.cumsum(bins[:, 1]) / max(bins[:, 1].sum(), 1)
        axis.step(bins[:, 0], within, where="post", color=color, linewidth=1.6, label=words)
    theirs, mine = report["latency_ms"]
    median, most = (f"{mine[q]:.3g} against {theirs[q]:.3g} ms" for q in ("0.5", "0.99"))
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
    axis.tick_params(axis="x", which="minor", labelsize=8)
    axis.set_ylim(0, 103)
    axis.set_xlabel("milliseconds")
    axis.set_ylabel("percent answered within")
    axis.legend(loc="lower right", fontsize=8, frameon=False)
    _tidy(axis, f"time to answer: median {median}, 99 % within {most}", "both")


def _draw_slices(axis: Axes, report: Mapping[str, Any]) -> None:
    """The slices with the highest rates of difference; a bar's label tells how many pairs it stands for."""
    parts = [part for part in report["slices"] if part["pairs"]]
    if not parts:
        _say(axis, "no columns are named to look for differences in")
        return
    worst = sorted(parts, key=lambda part: part["bad"] / part["pairs"])[-_MOST_SLICES:]
    rates = [100 * part["bad"] / part["pairs"] for part in worst]
    limit = report["limits"]["slice"]
    colors = [_BAD if part["over"] else _CANDIDATE for part in worst]
    axis.barh(range(len(worst)), rates, color=colors, height=0.7)
    for place, (part, rate) in enumerate(zip(worst, rates, strict=True)):
        axis.annotate(
            f"{part['bad']:,} of {part['pairs']:,}", (rate, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=7.5, color="#555555",
        )  # fmt: skip
    if limit is not None:
        axis.axvline(100 * limit, color=_BAD, linestyle=":", linewidth=1)
    axis.set_yticks(range(len(worst)), [_cut(part["name"], 32) for part in worst], fontsize=8)
    axis.set_xlim(0, 1.18 * max([*rates, 100 * (limit or 0.0), 1.0]))
    axis.set_xlabel("percent answered differently")
    rest = f", the worst {len(worst)} of {len(parts)}" if len(parts) > len(worst) else ""
    allowed = f" (dotted: allowed {100 * limit:g} %, red: shown to be above)" if limit is not None else ""
    _tidy(axis, f"where they differ{rest}{allowed}", "x")


def _example(value: Any) -> str:
    rounded = [f"{v:.5g}" if isinstance(v, float) else str(v) for v in value] if isinstance(value, list) else value
    return _cut(", ".join(rounded) if isinstance(rounded, list) else str(rounded), 70)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 3]}..."


def _say(axis: Axes, words: str) -> None:
    axis.axis("off")
    axis.text(0.5, 0.5, words, ha="center", va="center", color="#7f8c8d", transform=axis.transAxes)


def _tidy(axis: Axes, title: str, grid: str) -> None:
    axis.set_title(title, loc="left", fontsize=10)
    axis.spines[["top", "right"]].set_visible(False)
    axis.set_axisbelow(True)
    axis.grid(axis=grid, color="#eeeeee")  # type: ignore[arg-type]
