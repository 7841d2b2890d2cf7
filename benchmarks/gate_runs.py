"""Many releases at once: their draws, when each rule took the candidate back, and the bars they are held to."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from gate_series import LOOK
from scipy.stats import beta

from greenramp.gates.rate_gate import Harm

MINUTE = 6000
Numbers, Bools = npt.NDArray[np.float64], npt.NDArray[np.bool_]


def say(*cells: object) -> None:
    """One line of the report."""
    print("  ".join(str(cell) for cell in cells), flush=True)  # noqa: T201


def upper_limit(hits: int, runs: int) -> float:
    """A chance is surely below this, at 95 %. Source: Clopper & Pearson, Biometrika 1934."""
    return float(beta.ppf(0.95, hits + 1, runs - hits)) if hits < runs else 1.0


@dataclass
class Bars:
    """What the figures are held to. few: so few runs that a bar is missed only far beyond chance."""

    few: bool
    lines: list[tuple[bool, str]] = field(default_factory=list)

    def at_most(self, what: str, figure: float, bar: float, runs: int, form: str = "{:,.0f}") -> None:
        """A figure that may not be larger."""
        self._hold(what, figure, bar, figure <= bar + self._slack(bar, runs), "at most", form)

    def at_least(self, what: str, figure: float, bar: float, runs: int, form: str = "{:,.0f}") -> None:
        """A figure that may not be smaller."""
        self._hold(what, figure, bar, figure >= bar - self._slack(bar, runs), "at least", form)

    def false_alarms(self, what: str, alarms: Bools) -> None:
        """Of equal sides, at most 5 %: the upper limit may be half a percent above."""
        hits, runs = int(alarms.sum()), alarms.size
        limit = upper_limit(hits, runs)
        met = 1 - upper_limit(runs - hits, runs) <= 0.05 if self.few else limit <= 0.055
        text = f"{what:<58} {hits / runs:>8.1%}  at most 5.0%, surely below {limit:.2%} (bar 5.50%, {runs} runs)"
        self.lines.append((met, text))

    def within_chance(self, what: str, hits: Bools, bar: float = 0.05) -> None:
        """At most the bar, and twice the standard error of as many runs."""
        error = math.sqrt(bar * (1 - bar) / hits.size)
        text = f"{what:<58} {hits.mean():>8.1%}  at most {bar:.1%} + {2 * error:.1%} ({hits.size} runs)"
        self.lines.append((bool(hits.mean() <= bar + (4 if self.few else 2) * error), text))

    def report(self) -> int:
        """Print all; 1 if one is missed."""
        say("\nbars" + (", widened to what few runs can tell" if self.few else ""))
        for met, text in self.lines:
            say(f"{'met   ' if met else 'MISSED'} {text}")
        return int(not all(met for met, _ in self.lines))

    def _slack(self, bar: float, runs: int) -> float:
        if not self.few:
            return 0.0
        return 4 * math.sqrt(bar * (1 - bar) / runs) if bar < 1 else bar * 3 / math.sqrt(runs)

    def _hold(self, what: str, figure: float, bar: float, met: bool, word: str, form: str) -> None:
        self.lines.append((bool(met), f"{what:<58} {form.format(figure):>8}  {word} {form.format(bar)}"))


class Runs:
    """Many releases at once: counts of each look, and when each rule took the candidate back."""

    def __init__(self, runs: int, harm: Harm, seed: int) -> None:
        self.draw, self.harm = np.random.default_rng(seed), harm
        self.sent = np.zeros(runs)
        self.total, self.minute = np.zeros((4, runs)), np.zeros((4, runs))
        self.failed_minutes = np.zeros(runs)
        self.stopped: dict[str, Numbers] = {}

    def look(self, share: float, rate: float, champion: float, requests: int = LOOK) -> tuple[Any, ...]:
        """Draw the next requests."""
        candidate = self.draw.binomial(requests, share, self.sent.size)
        counts = (
            candidate,
            requests - candidate,
            self.draw.binomial(candidate, rate),
            self.draw.binomial(requests - candidate, champion),
        )
        self.sent += candidate
        self.total += counts
        self.minute += counts
        return counts

    def believed(self) -> Numbers:
        """The bad rate of both sides so far, as a gate may bet on it."""
        seen, bad = self.total[:2].sum(axis=0), self.total[2:].sum(axis=0)
        return np.asarray(np.clip(bad / np.maximum(seen, 1), 0.01, 0.97))

    def stop(self, rule: str, which: Bools) -> None:
        """Note the runs that a rule takes back now, if it has not before."""
        at = self.stopped.setdefault(rule, np.full(self.sent.size, np.inf))
        at[which & np.isinf(at)] = self.sent[which & np.isinf(at)]

    def stopped_by(self, rule: str) -> Bools:
        """The runs that a rule took back."""
        return np.isfinite(self.stopped[rule])

    def others(self, number: int) -> None:
        """The other rules, after look `number`."""
        self.stop("z-test", self.z_score(self.total) > 1.96)
        if number % (MINUTE // LOOK) == 0:
            n1, n0, s1, s0 = self.minute
            self.failed_minutes += self.harm * (
                s1 / np.maximum(n1, 1) - s0 / np.maximum(n0, 1)
            ) > 0.1 * s0 / np.maximum(n0, 1)
            self.stop("windows", self.failed_minutes >= 5)
            self.stop("rank", self.z_score(self.minute) > 2.326)
            self.minute[:] = 0

    def z_score(self, counts: Numbers) -> Numbers:
        """Of two rates; for good-or-bad outcomes the rank test with ties is the same."""
        n1, n0, s1, s0 = counts
        both = (s1 + s0) / np.maximum(n1 + n0, 1)
        spread = np.sqrt(both * (1 - both) * (1 / np.maximum(n1, 1) + 1 / np.maximum(n0, 1)))
        difference = self.harm * (s1 / np.maximum(n1, 1) - s0 / np.maximum(n0, 1))
        return np.where(spread > 0, difference / np.where(spread > 0, spread, 1), 0.0)

    def line(self, what: str, rules: Iterable[str], limit: float | None = None) -> None:
        """Report: share taken back, and requests until then."""
        for rule in rules:
            at = self.stopped.get(rule, np.full(self.sent.size, np.inf))
            back = np.isfinite(at)
            cells = [f"{what:<34} {rule:<10} taken back {back.mean():6.1%}"]
            if limit is not None and back.any():
                middle, late = np.quantile(at, [0.5, 0.95], method="higher")
                mean = f"{at.mean():,.0f} = {at.mean() / limit:.2f} x limit" if back.all() else "- (not all)"
                cells.append(f"requests median {middle:,.0f}  p95 {late:,.0f}  mean {mean}")
            say(*cells)
