"""Whole releases, from 5 % to all traffic or back: how many good ones get through, how much a bad one costs.

Run `python benchmarks/gate_rollouts.py [--quick]`; benchmarks/gates.py runs it, too. 100 requests a second, clicks 5 %
with a daily cycle of a fifth; a step lasts ten minutes to an hour, and goes back when nothing is shown by then. A guard
takes back from its margin on, and each step needs a proof of less harm than its own margin. Two gates of a service, a
guard and a required one, can have two margins, the same at all steps; one required gate has one margin for both.
Beside them a fixed threshold, which takes back after five minutes, in all, in which the candidate had less than 0.9 of
the champion's clicks, and else moves on every ten minutes.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from gate_runs import MINUTE, Bars, Bools, Numbers, say
from gate_series import NEEDED, SHARES

from greenramp.gates.rate_gate import Counts, Harm, RateGate

CLICKS, CYCLE, DAY = 0.05, 0.2, 86_400.0
SHORTEST, DEADLINE = 600.0, 3600.0
PER_SECOND = MINUTE // 60
TRUTHS = (1.0, 0.95, 0.9, 0.85, 0.7)
TIGHTER = (0.2, 0.15, 0.1)


@dataclass
class Ended:
    """How many releases ended, one entry each. requests: the candidate's, up to the end."""

    failed: Bools
    undecided: Bools
    promoted: Bools
    requests: Numbers
    seconds: Numbers

    @property
    def back(self) -> Bools:
        """Not promoted, for whatever reason."""
        return self.failed | self.undecided


class Releases:
    """Many releases at once, each at its own step; the gates are the shipped ones."""

    def __init__(self, runs: int, guard: float, proofs: tuple[float, ...], truth: float, seed: int) -> None:
        self.draw, self.truth = np.random.default_rng(seed), truth
        self.guard = RateGate(guard, Harm.DOWN, shape=(runs,))
        self.proof = {margin: RateGate(margin, Harm.DOWN, shape=(runs,)) for margin in proofs}
        self.proofs = proofs
        self.phase = self.draw.random(runs)
        self.step, self.entered = np.zeros(runs, int), np.zeros(runs)
        self.ended = Ended(*(np.zeros(runs, bool) for _ in range(3)), np.zeros(runs), np.full(runs, np.inf))

    def run(self, look_seconds: float) -> Ended:
        """Look until all have ended."""
        now = 0.0
        while np.isinf(self.ended.seconds).any():
            now += look_seconds
            self._take_in(now, look_seconds)
            self._judge(now)
        return self.ended

    def _take_in(self, now: float, seconds: float) -> None:
        """Requests of one look; only one update of a gate lets its reserve go on."""
        going, hazard = np.isinf(self.ended.seconds), 1 - 2 ** (-seconds / SHORTEST)
        rate = CLICKS * (1 + CYCLE * np.sin(2 * np.pi * (now / DAY + self.phase)))
        for step, share in enumerate(SHARES):
            here = going & (self.step == step)
            if not here.any():
                continue
            both = np.where(here, round(PER_SECOND * seconds), 0)
            candidate = self.draw.binomial(both, share)
            clicks = self.draw.binomial(candidate, rate * self.truth), self.draw.binomial(both - candidate, rate)
            for gate in (self.guard, *self.proof.values()):
                gate.update(Counts(share, candidate, both - candidate, *clicks), hazard)
            hazard = 0.0
            self.ended.requests += candidate

    def _judge(self, now: float) -> None:
        """What `watch` does: harm ends at once, proof from the shortest time on, nothing at the deadline."""
        going, ended, spent = np.isinf(self.ended.seconds), self.ended, now - self.entered
        failed = going & (self.guard.log_against() >= NEEDED)
        shown = np.stack([self.proof[margin].log_for() >= NEEDED for margin in self.proofs])
        passed = going & ~failed & (spent >= SHORTEST) & shown[self.step, np.arange(self.step.size)]
        undecided = going & ~failed & ~passed & (spent >= DEADLINE)
        promoted = passed & (self.step == len(SHARES) - 1)
        self.step, self.entered = self.step + (passed & ~promoted), np.where(passed, now, self.entered)
        ended.failed |= failed
        ended.undecided |= undecided
        ended.promoted |= promoted
        ended.seconds[failed | undecided | promoted] = now


def threshold(runs: int, truth: float, seed: int) -> Bools:
    """The fixed threshold on releases of three times ten minutes: which are taken back?"""
    draw, minutes = np.random.default_rng(seed), np.arange(30)
    share = np.repeat(SHARES, 10)
    rate = CLICKS * (1 + CYCLE * np.sin(2 * np.pi * (60 * minutes / DAY + draw.random((runs, 1)))))
    candidate = draw.binomial(MINUTE, share, (runs, minutes.size))
    clicks, others = draw.binomial(candidate, rate * truth), draw.binomial(MINUTE - candidate, rate)
    worse = clicks / candidate < 0.9 * others / (MINUTE - candidate)
    return worse.sum(axis=1) >= 5


def rollouts(runs: int, bars: Bars) -> None:
    """All truths: proofs that grow tighter, at a look a minute and each ten seconds; then what a service can have."""
    tried = ((0.05, TIGHTER, 60.0), (0.05, TIGHTER, 10.0))
    tried += tuple((guard, (proof,) * 3, 10.0) for guard, proof in ((0.05, 0.2), (0.05, 0.15), (0.1, 0.1), (0.2, 0.2)))
    for guard, proofs, look in tried:
        names = "/".join(f"{100 * margin:.0f}" for margin in dict.fromkeys(proofs))
        say(f"guard {guard:.0%}, proof of less than {names} %, a look each {look:.0f} s")
        for truth in TRUTHS:
            ended = Releases(runs, guard, proofs, truth, 31).run(look)
            line("equal" if truth == 1 else f"clicks {truth - 1:+.0%}", ended, threshold(runs, truth, 37))
            if proofs == TIGHTER and look == 60:
                hold(f"rollout, look each {look:.0f} s", truth, ended, bars)


def hold(what: str, truth: float, ended: Ended, bars: Bars) -> None:
    """The bars of a whole release."""
    back, runs = float(ended.back.mean()), ended.back.size
    if truth == 1:
        bars.at_most(f"{what}, equal: back", back, 0.03, runs, "{:.1%}")
    if truth == 0.85:
        bars.at_least(f"{what}, -15 %: back", back, 0.995, runs, "{:.1%}")
        bars.at_most(f"{what}, -15 %: requests", float(np.median(ended.requests[ended.back])), 7500, runs)


def line(what: str, ended: Ended, fixed: Bools) -> None:
    """Report one truth."""
    cells = [f"{what:<12} back {ended.back.mean():6.1%}", f"(undecided {ended.undecided.mean():5.1%})"]
    cells.append(f"threshold {fixed.mean():6.1%}")
    if ended.promoted.any():
        middle, late = np.quantile(ended.seconds[ended.promoted] / 60, [0.5, 0.95])
        cells.append(f"minutes to all traffic median {middle:.0f}  p95 {late:.0f}")
    if ended.back.any():
        middle, late = np.quantile(ended.requests[ended.back], [0.5, 0.95])
        cells.append(f"requests until back median {middle:,.0f}  p95 {late:,.0f}")
    say(*cells)


def main() -> int:
    """Run it alone; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="with few runs")
    quick = parser.parse_args().quick
    bars = Bars(quick)
    rollouts(100 if quick else 1000, bars)
    return bars.report()


if __name__ == "__main__":
    sys.exit(main())
