"""The numbers of a release over time, thinned so that a long one still makes a readable curve."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from greenramp.reporting.account import Line

SHARE = "candidate_percent"
_LEAST_SECONDS, _PART = 5.0, 1 / 60
"""A look is kept when a verdict changed, or so long after the last one kept: densely at first, then more rarely."""

_NO_KEY = re.compile(r"[^\w\-./: ]")


class Point(NamedTuple):
    """One number at one time. ts: epoch seconds. step: whole seconds since the release began, for a curve's axis."""

    key: str
    value: float
    ts: float
    step: int


def points(lines: Sequence[Line]) -> tuple[Point, ...]:
    """The candidate's share and each gate's numbers (estimates, bounds, log10 of evidence, counts), in their order.

    lines: a release's journal. Keys are `candidate_percent` and `<gate>/<number>`.
    """
    start = lines[0]["ts"] if lines else 0.0
    found: list[Point] = []
    for line in _kept(lines):
        for key, value in _numbers(line):
            found.append(Point(_NO_KEY.sub("_", key)[:250], value, line["ts"], int(line["ts"] - start)))
    return tuple(found)


def _kept(lines: Sequence[Line]) -> Iterator[Line]:
    before, told, where = float("-inf"), (), ""
    last = next((number for number in range(len(lines) - 1, -1, -1) if lines[number]["event"] == "verdicts"), -1)
    for number, line in enumerate(lines):
        if line["event"] != "verdicts":
            yield line
            continue
        outcomes = tuple(v["outcome"] for v in line["verdicts"])
        due = line["ts"] - before >= max(_LEAST_SECONDS, _PART * line.get("seconds", 0.0))
        if due or number == last or (outcomes, line["where"]) != (told, where):
            before, told, where = line["ts"], outcomes, line["where"]
            yield line


def _numbers(line: Line) -> Iterator[tuple[str, float]]:
    if line["event"] == "share raised":
        yield SHARE, float(line["percent"])
    elif line["event"] == "traffic switched":
        yield SHARE, 100.0
    elif line["event"] in ("claimed", "traffic put back", "lease ended"):
        yield SHARE, 0.0
    for verdict in line.get("verdicts", []):
        for name, value in verdict["numbers"].items():
            yield f"{verdict['gate']}/{name}", float(value)
