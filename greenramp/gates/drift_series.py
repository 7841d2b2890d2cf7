"""How differently do the two sides answer? A distance with a bound that holds at every look.

A new model always differs, so this asks how much, not whether. Numbers: largest difference of the two distribution
functions (Kolmogorov-Smirnov) at 200 places, bounded by Theorem 2 of Howard & Ramdas, Bernoulli 2022, for each side.
Classes: total variation, from an interval for each class's rate on each side (one_rate.rate_interval, Robbins 1970);
the k-th class gets alpha / (k (k + 1)), so that all of them hold together. Shares are kept apart and averaged with the
weight of what they know, so answers that change while the share grows are no difference between the sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.likelihood import Floats
from greenramp.gates.one_rate import rate_interval

PLACES, WARM_UP, MOST_CLASSES = 200, 500, 200
VERSION = 1


def ks_reach(count: int, alpha: float) -> float:
    """How far an empirical distribution function may lie from the true one, at every look together."""
    return 0.85 * math.sqrt((math.log1p(math.log(count)) + 0.8 * math.log(1612 / alpha)) / count)


class DriftSeries:
    """Answers of both sides, numbers or classes, in constant memory; a user counts once (see RateSeries)."""

    def __init__(self) -> None:
        self._classes: dict[str, int] | None = None
        self._edges: list[float] | None = None
        self._early: list[tuple[float, int, float]] = []
        self._counts: dict[float, list[list[int]]] = {}
        self._users: set[str] = set()
        self.candidate = self.champion = 0

    def add(self, share: float, mine: bool, answer: float | str, user: str = "") -> None:
        """Take in one answer: a finite number, or a class. The first one says which kind they are."""
        if not self.fits(answer):
            raise ValueError(f"answers were {self.kind} so far; {answer!r:.50} is none")
        if user and user in self._users:
            return
        if user:
            self._users.add(user)
        if not self.kind and isinstance(answer, str):
            self._classes = {}
        side = 0 if mine else 1
        self.candidate += mine
        self.champion += not mine
        if self._classes is not None:
            self._count(share, side, self._class(str(answer)), MOST_CLASSES)
        elif self._edges is None:
            self._early.append((share, side, float(answer)))
            if len(self._early) >= WARM_UP:
                self._edges = self._places()
                for early in self._early:
                    self._place(*early)
                self._early = []
        else:
            self._place(share, side, float(answer))

    @property
    def kind(self) -> str:
        """What the answers are so far: numbers, classes, or nothing."""
        return "classes" if self._classes is not None else "numbers" if self._early or self._edges else ""

    def fits(self, answer: float | str) -> bool:
        """Whether an answer is of the kind of those before."""
        return self.kind in ("", "classes" if isinstance(answer, str) else "numbers")

    def distance(self, alpha: float) -> tuple[float, float, float]:
        """Observed distance in [0, 1], and the interval that holds the true one with chance >= 1 - alpha."""
        counts, strata = self._now(), 0
        weights, parts = [], []
        for share, (mine, theirs) in counts.items():
            n1, n0 = int(mine.sum()), int(theirs.sum())
            if not (0 < share < 1 and n1 and n0):
                continue
            strata += 1
            part = alpha / (strata * (strata + 1))
            weights.append(n1 * n0 / (n1 + n0))
            parts.append(_classes_apart(mine, theirs, part) if self._classes is not None else _ks(mine, theirs, part))
        if not weights:
            return 0.0, 0.0, 1.0
        share_of = np.array(weights) / sum(weights)
        difference, low, high = (sum(w * p[k] for w, p in zip(share_of, parts, strict=True)) for k in range(3))
        if self._classes is None:  # here low and high hold one number: how far off the difference may be
            seen = float(np.abs(difference).max())
            return seen, max(seen - float(low), 0.0), min(seen + float(high), 1.0)
        seen = float(np.abs(difference).sum() / 2)
        return seen, min(max(float(np.maximum(low, 0).sum()), 0.0), seen), min(float(np.maximum(high, 0).sum()), 1.0)

    @property
    def comparable(self) -> bool:
        """Whether both sides answered under one share."""
        return any(0 < s < 1 and mine.sum() and theirs.sum() for s, (mine, theirs) in self._now().items())

    def psi(self) -> float:
        """Population stability index over at most ten bins: a number for reports, never a verdict."""
        mine = theirs = np.zeros(1)
        for share, (one, other) in self._now().items():
            if 0 < share < 1:
                mine, theirs = mine + one, theirs + other
        if not mine.sum() or not theirs.sum():
            return 0.0
        tenth = np.minimum((np.cumsum(theirs) - theirs) / theirs.sum() * 10, 9).astype(int)
        a = (np.bincount(tenth, mine, 10) + 0.5) / (mine.sum() + 5)
        b = (np.bincount(tenth, theirs, 10) + 0.5) / (theirs.sum() + 5)
        return float(((a - b) * np.log(a / b)).sum())

    def _now(self) -> dict[float, tuple[Floats, Floats]]:
        """Counts of each share by place or class, both sides."""
        counts: dict[float, list[list[int]]] = {} if self._early else self._counts
        edges = self._places() if self._early else []
        for share, side, answer in self._early:
            both = counts.setdefault(share, [[0] * (len(edges) + 1), [0] * (len(edges) + 1)])
            both[side][int(np.searchsorted(edges, answer))] += 1
        return {share: (np.array(mine, float), np.array(theirs, float)) for share, (mine, theirs) in counts.items()}

    def _places(self) -> list[float]:
        values = np.array([answer for _, _, answer in self._early])
        return [float(v) for v in np.unique(np.quantile(values, np.linspace(0, 1, PLACES), method="lower"))]

    def _place(self, share: float, side: int, answer: float) -> None:
        edges = self._edges or []
        self._count(share, side, int(np.searchsorted(edges, answer)), len(edges))

    def _class(self, name: str) -> int:
        """Number of a class; those beyond the most are counted together."""
        known = self._classes if self._classes is not None else {}
        if name not in known and len(known) < MOST_CLASSES:
            known[name] = len(known)
        return known.get(name, MOST_CLASSES)

    def _count(self, share: float, side: int, index: int, last: int) -> None:
        both = self._counts.setdefault(share, [[0] * (last + 1), [0] * (last + 1)])
        both[side][index] += 1

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "classes": None if self._classes is None else list(self._classes),
            "edges": self._edges,
            "early": [list(early) for early in self._early],
            "counts": [[share, *both] for share, both in self._counts.items()],
            "users": sorted(self._users),
            "sums": [self.candidate, self.champion],
        }

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this series")
        names = state["classes"]
        self._classes = None if names is None else {name: index for index, name in enumerate(names)}
        self._edges = state["edges"]
        self._early = [(share, side, answer) for share, side, answer in state["early"]]
        self._counts = {share: [list(mine), list(theirs)] for share, mine, theirs in state["counts"]}
        self._users = set(state["users"])
        self.candidate, self.champion = state["sums"]
        return self


def _ks(mine: Floats, theirs: Floats, alpha: float) -> tuple[Floats, float, float]:
    reach = ks_reach(int(mine.sum()), alpha / 2) + ks_reach(int(theirs.sum()), alpha / 2)
    return np.cumsum(mine) / mine.sum() - np.cumsum(theirs) / theirs.sum(), reach, reach


def _classes_apart(mine: Floats, theirs: Floats, alpha: float) -> tuple[Floats, Floats, Floats]:
    """Difference of each class's rates, with a lower and an upper bound on it."""
    n1, n0 = int(mine.sum()), int(theirs.sum())
    low, high = np.zeros(mine.size), np.zeros(mine.size)
    for k in np.flatnonzero(mine + theirs):
        part = alpha / ((k + 1) * (k + 2)) / 2
        (low1, high1), (low0, high0) = rate_interval(int(mine[k]), n1, part), rate_interval(int(theirs[k]), n0, part)
        low[k], high[k] = low1 - high0, high1 - low0
    return mine / n1 - theirs / n0, low, high
