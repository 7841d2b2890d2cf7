"""Many releases at once: their draws, and when each rule took the candidate back; for benchmarks/gates.py."""

from collections.abc import Iterable

import numpy as np
from gate_series import LOOK

from greenramp.gates.rate_gate import Harm

MINUTE = 6000


def say(*cells: object) -> None:
    """One line of the report."""
    print("  ".join(str(cell) for cell in cells), flush=True)  # noqa: T201


class Runs:
    """Many releases at once: counts of each look, and when each rule took the candidate back."""

    def __init__(self, runs: int, harm: Harm, seed: int) -> None:
        self.draw, self.harm = np.random.default_rng(seed), harm
        self.sent = np.zeros(runs)
        self.total, self.minute = np.zeros((4, runs)), np.zeros((4, runs))
        self.failed_minutes = np.zeros(runs)
        self.stopped: dict[str, np.ndarray] = {}

    def look(self, share: float, rate: float, champion: float) -> tuple[np.ndarray, ...]:
        """Draw the next LOOK requests."""
        candidate = self.draw.binomial(LOOK, share, self.sent.size)
        counts = (
            candidate,
            LOOK - candidate,
            self.draw.binomial(candidate, rate),
            self.draw.binomial(LOOK - candidate, champion),
        )
        self.sent += candidate
        self.total += counts
        self.minute += counts
        return counts

    def stop(self, rule: str, which: np.ndarray) -> None:
        """Note the runs that a rule takes back now, if it has not before."""
        at = self.stopped.setdefault(rule, np.full(self.sent.size, np.inf))
        at[which & np.isinf(at)] = self.sent[which & np.isinf(at)]

    def others(self, number: int) -> None:
        """The other rules, after look `number`."""
        self.stop("z-test", self._z(self.total) > 1.96)
        if number % (MINUTE // LOOK) == 0:
            n1, n0, s1, s0 = self.minute
            self.failed_minutes += self.harm * (
                s1 / np.maximum(n1, 1) - s0 / np.maximum(n0, 1)
            ) > 0.1 * s0 / np.maximum(n0, 1)
            self.stop("windows", self.failed_minutes >= 5)
            self.stop("rank", self._z(self.minute) > 2.326)
            self.minute[:] = 0

    def _z(self, counts: np.ndarray) -> np.ndarray:
        """Of two rates; for good-or-bad outcomes the rank test with ties is the same."""
        n1, n0, s1, s0 = counts
        both = (s1 + s0) / np.maximum(n1 + n0, 1)
        spread = np.sqrt(both * (1 - both) * (1 / np.maximum(n1, 1) + 1 / np.maximum(n0, 1)))
        return np.where(
            spread > 0,
            self.harm * (s1 / np.maximum(n1, 1) - s0 / np.maximum(n0, 1)) / np.where(spread > 0, spread, 1),
            0,
        )

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
