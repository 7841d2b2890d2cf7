"""How differently do the two sides answer? A distance with a bound that holds at every look.

A new model always differs, so this asks how much, not whether. Numbers: largest difference of the two distribution
functions (Kolmogorov-Smirnov) at 200 places, bounded by Theorem 2 of Howard & Ramdas, Bernoulli 2022, for each side.
Classes: total variation, from an interval for each class's rate on each side (one_rate.rate_interval, Robbins 1970);
the k-th class gets alpha / (k (k + 1)), so that all of them hold together. Shares are kept apart and averaged with the
weight of what they know, so answers that change while the share grows are no difference between the sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from greenramp.gates.events import Events, Ints
from greenramp.gates.likelihood import Floats
from greenramp.gates.measures import Invalid
from greenramp.gates.one_rate import rate_interval
from greenramp.gates.users import Users

PLACES, WARM_UP, MOST_CLASSES = 200, 500, 200
VERSION = 2


def ks_reach(count: int, alpha: float) -> float:
    """How far an empirical distribution function may lie from the true one, at every look together."""
    return 0.85 * math.sqrt((math.log1p(math.log(count)) + 0.8 * math.log(1612 / alpha)) / count)


class DriftSeries:
    """Answers of both sides, numbers or classes, in constant memory; a user counts once (see RateSeries)."""

    def __init__(self) -> None:
        self._classes: dict[str, int] | None = None
        self._edges: list[float] | None = None
        self._early: list[tuple[float, int, float]] = []
        self._counts: dict[float, Ints] = {}
        self._users = Users()
        self.candidate = self.champion = 0

    def add(self, events: Events) -> None:
        """Take in answers: all finite numbers, or all classes (texts). The first ones say which kind they are."""
        if not len(events):
            return
        texts = events.value.dtype == object
        if self.kind not in ("", "classes" if texts else "numbers"):
            raise ValueError(f"answers were {self.kind} so far; {events.value[0]!r:.50} is none")
        events = events.only(self._users.first(events.user))
        if texts and self._classes is None:
            self._classes = {}
        sides = (~events.mine).astype(np.int64)
        self.candidate += int(events.mine.sum())
        self.champion += int(sides.sum())
        if self._classes is not None:
            index = np.array([self._class(name) for name in events.value], dtype=np.int64)
            _count(self._counts, events.share, sides, index, MOST_CLASSES)
            return
        early = WARM_UP - len(self._early) if self._edges is None else 0
        if early:
            rows = zip(events.share.tolist(), sides.tolist(), events.value.tolist(), strict=True)
            self._early += [row for row, _ in zip(rows, range(early), strict=False)]
            if len(self._early) >= WARM_UP:
                self._edges = self._places()
                share, side, answer = (np.array(column) for column in zip(*self._early, strict=True))
                self._place(share, side, answer)
                self._early = []
        if self._edges is not None:
            self._place(events.share[early:], sides[early:], events.value[early:])

    @property
    def kind(self) -> str:
        """What the answers are so far: numbers, classes, or nothing."""
        return "classes" if self._classes is not None else "numbers" if self._early or self._edges else ""

    def fitting(self, answers: Sequence[float | str | Invalid]) -> list[float | str | Invalid]:
        """The same answers; those that are not of the kind of the ones before are no measurements."""
        kind, found = self.kind, list(answers)
        for at, answer in enumerate(answers):
            if isinstance(answer, Invalid):
                continue
            of = "classes" if isinstance(answer, str) else "numbers"
            kind = kind or of
            if of != kind:
                found[at] = Invalid(f"an answer of {answer!r:.60} among {kind}")
        return found

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
        counts = self._counts
        if self._early:
            edges, counts = self._places(), {}
            share, side, answer = (np.array(column) for column in zip(*self._early, strict=True))
            _count(counts, share, side, np.searchsorted(edges, answer), len(edges))
        return {share: (both[0].astype(np.float64), both[1].astype(np.float64)) for share, both in counts.items()}

    def _places(self) -> list[float]:
        values = np.array([answer for _, _, answer in self._early])
        return [float(v) for v in np.unique(np.quantile(values, np.linspace(0, 1, PLACES), method="lower"))]

    def _place(self, share: Floats, side: Ints, answer: Floats) -> None:
        edges = self._edges or []
        _count(self._counts, share, side, np.searchsorted(edges, answer), len(edges))

    def _class(self, name: str) -> int:
        """Number of a class; those beyond the most are counted together."""
        known = self._classes if self._classes is not None else {}
        if name not in known and len(known) < MOST_CLASSES:
            known[name] = len(known)
        return known.get(name, MOST_CLASSES)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {
            "v": VERSION,
            "classes": None if self._classes is None else list(self._classes),
            "edges": self._edges,
            "early": [list(early) for early in self._early],
            "counts": [[share, *both.tolist()] for share, both in self._counts.items()],
            "users": self._users.state(),
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
        self._counts = {share: np.array(both, dtype=np.int64) for share, *both in state["counts"]}
        self._users.restore(state["users"])
        self.candidate, self.champion = state["sums"]
        return self


def _count(counts: dict[float, Ints], share: Floats, side: Ints, index: Ints, last: int) -> None:
    """Add events of these shares, sides (0 the candidate's) and places (0 to last) to the counts of each share."""
    for one in dict.fromkeys(share.tolist()):
        which = share == one
        both = np.bincount(side[which] * (last + 1) + index[which], minlength=2 * (last + 1)).reshape(2, last + 1)
        counts[one] = counts[one] + both if one in counts else both


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
