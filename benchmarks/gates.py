"""Measures how often the gates err and how soon they see, beside rules that others use.

Run `python benchmarks/gates.py [--quick]`. Seeds are fixed. Requests come one by one, 100 a second, with a look every
100; alpha and beta are 0.05. "requests" are the candidate's until it is taken back. The Wald limit bounds the mean of
every test that errs as rarely. The other rules are written here from their documents:

windows  taken back after five minutes, in all, in which its rate is more than 10 % worse (Argo Rollouts, Flagger)
rank     Mann-Whitney over each minute's requests, taken back at the first minute that is worse at 98 % (Kayenta)
z-test   on all requests so far, at every look, two-sided 95 %
"""

import argparse
import math
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gate_pitfalls import together, unlike_users
from gate_rollouts import rollouts
from gate_runs import Bars, Runs, say
from gate_series import (
    LOOK,
    NEEDED,
    SHARES,
    series_outage,
    shared_wrong,
    sizes,
    times,
)
from gate_users import units

from greenramp.gates.rate_gate import Counts, Harm, RateGate
from greenramp.gates.rate_series import OWN_DRAWS

HALF_LIFE = 60_000  # requests in a planned step of ten minutes
RULES = ("gate", "windows", "rank", "z-test")


@dataclass(frozen=True)
class Rates:
    """One scenario of a bad rate. look: requests between two looks. others: measure the other rules, too."""

    what: str
    rate: float
    champion: float
    share: float
    harm: Harm
    look: int = LOOK
    hint: float | None = None
    others: bool = False

    @property
    def wald(self) -> float:
        """Candidate's requests that a test knowing the size of the harm, but not the base rate, needs on average."""

        def kl(p: float, q: float) -> float:
            return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))

        rho = self.share
        both = rho * self.rate + (1 - rho) * self.champion
        return NEEDED * rho / (rho * kl(self.rate, both) + (1 - rho) * kl(self.champion, both))

    def run(self, runs: int, requests: int) -> Runs:
        """Look until every run is taken back, or the requests are used up; and say what happened."""
        made, hazard = Runs(runs, self.harm, 7), 1 - 2 ** (-self.look / HALF_LIFE)
        gate = RateGate(0.05, self.harm, hint=self.hint, shape=(runs,))
        for number in range(1, requests // self.look + 1):
            believed = made.believed() if number > 1 and self.champion >= OWN_DRAWS else None
            gate.update(
                Counts(self.share, *made.look(self.share, self.rate, self.champion, self.look), believed), hazard
            )
            made.stop("gate", gate.log_against() >= NEEDED)
            if self.others:
                made.others(number)
            if made.stopped_by("gate").all() and number % 60 == 0:
                break
        what = f"{self.what}, share {self.share:.0%}"
        made.line(what, RULES if self.others else RULES[:1], self.wald if self.rate != self.champion else None)
        return made


def alarms(bars: Bars, runs: int, requests: int) -> None:
    """Equal sides: every one taken back is a false alarm."""
    for what, rate, harm in (
        ("clicks 5 %", 0.05, Harm.DOWN),
        ("errors 0.5 %", 0.005, Harm.UP),
        ("errors 0.05 %", 0.0005, Harm.UP),
    ):
        for share in SHARES:
            made = Rates(what, rate, rate, share, harm, others=share == SHARES[0]).run(runs, requests)
            bars.false_alarms(f"equal, {what}, share {share:.0%}: taken back", made.stopped_by("gate"))


def harms(bars: Bars, runs: int) -> None:
    """How soon harm is found."""
    for look, hint, most in ((LOOK, None, 1.5), (5 * LOOK, None, 1.7), (LOOK, 0.15, 1.3)):
        for share in SHARES:
            what = "clicks -15 %" + (f", look {look}" if look != LOOK else "") + (", hint" if hint else "")
            case = Rates(what, 0.0425, 0.05, share, Harm.DOWN, look, hint, others=look == LOOK and not hint)
            if hint and share != SHARES[0]:
                continue
            say(f"{what}, share {share:.0%}: Wald limit {case.wald:,.0f}")
            at = case.run(runs, 1_200_000).stopped["gate"]
            bars.at_most(f"{what}, share {share:.0%}: mean / limit", at.mean() / case.wald, most, runs, "{:.2f}")
            if look == LOOK and not hint:
                bars.at_most(
                    f"{what}, share {share:.0%}: median / limit", np.median(at) / case.wald, 1.35, runs, "{:.2f}"
                )
    at = Rates("errors 0.5 to 2 %", 0.02, 0.005, 0.05, Harm.UP, others=True).run(4 * runs, 300_000).stopped["gate"]
    middle, late = np.quantile(at, [0.5, 0.95], method="higher")
    bars.at_most("errors 0.5 to 2 %, share 5%: median requests", middle, 400, runs)
    bars.at_most("errors 0.5 to 2 %, share 5%: 95 of 100", late, 1200, runs)
    for worse, base in ((0.12, 0.10), (0.22, 0.20), (0.55, 0.50)):
        Rates(f"errors {base:.0%} to {worse:.0%}", worse, base, 0.05, Harm.UP).run(runs, 1_200_000)


def promotions(bars: Bars, runs: int, looks: int) -> None:
    """The truth exactly at the margin: how often is it shown to be better?"""
    cases = [("clicks 5 %", 0.05, margin, Harm.DOWN) for margin in (0.1, 0.2, 0.5)]
    cases += [("errors 0.5 %", 0.005, margin, Harm.UP) for margin in (0.25, 0.5, 1.0)]
    cases += [("errors 20 %", 0.2, 0.1, Harm.UP)]
    for seed, (what, rate, margin, harm) in enumerate(cases):
        for share in SHARES if rate < 0.1 else (0.25,):
            made, gate = Runs(runs, harm, 100 * seed + int(100 * share)), RateGate(margin, harm, shape=(runs,))
            for number in range(looks):
                believed = made.believed() if number and rate >= OWN_DRAWS else None
                gate.update(Counts(share, *made.look(share, rate * (1 + harm * margin), rate), believed))
                made.stop("passed", gate.log_for() >= NEEDED)
            passed = made.stopped_by("passed")
            text = f"at the margin, {what}, margin {margin:.0%}, share {share:.0%}"
            say(f"{text:<58} passed {passed.mean():6.1%}")
            bars.within_chance(f"{text}: passed", passed)


def spread(what: str, found: list[float], known: str) -> np.ndarray:
    """Report how many were found, and when."""
    at = np.array(found)
    middle, late = np.quantile(at, [0.5, 0.95], method="higher")
    say(f"{what:<38} found {np.isfinite(at).mean():6.1%}  median {middle:,.0f}  p95 {late:,.0f}  ({known})")
    return at


def one_by_one(quick: bool, bars: Bars, each: Callable[..., list[Any]]) -> None:
    """Everything that is run release by release."""
    runs, few = (60, 30) if quick else (1000, 200)
    outage = np.array(each(series_outage, [(s,) for s in range(runs)]))
    middle, late = np.quantile(outage, [0.5, 0.95], axis=0)
    say(f"total outage at 5, 25, 50 %             median {middle}  p95 {late}")
    for share, found, most in zip(SHARES, middle, (4, 6, 9), strict=True):
        bars.at_most(f"outage, share {share:.0%}: median requests", found, most, runs)
    for what, slower, some, most in (
        ("times +10 %", 1.1, 1.0, 320),
        ("1.7 % of times x 5 (p99 +50 %)", 5.0, 0.017, 520),
    ):
        at = spread(what, each(times, [(s, 60_000, slower, some) for s in range(runs)]), f"bar {most}")
        bars.at_most(f"{what}, share 5 %: median requests", np.median(at), most, runs)
    long = 30_000 if quick else 150_000
    spread("2 % of times x 2", each(times, [(s, 2 * long, 2.0, 0.02) for s in range(few)]), "published 5 795")
    spread("error size +5 %", each(sizes, [(s, 100_000, 1.05) for s in range(few)]), "published 1 519")
    for what, at in (
        ("times equal", spread("times equal", each(times, [(s, long, 1.0, 1.0) for s in range(few)]), "bar 5 %")),
        ("error size equal", spread("error size equal", each(sizes, [(s, long, 1.0) for s in range(few)]), "bar 5 %")),
    ):
        bars.within_chance(f"{what}: taken back", np.isfinite(at))
    unlike_users(bars, few, 100_000 if quick else 500_000, each)
    units(bars, few, each)
    spread("router loses 20 % at 50 %", each(shared_wrong, [(s, 20_000, 0.2) for s in range(few)]), "published 1 600")
    told = spread("router as told", each(shared_wrong, [(s, 50_000, 0.0) for s in range(few)]), "bar 0.1 %")
    bars.within_chance("router as told: alarm", np.isfinite(told), 0.001)


def main() -> int:
    """Run everything; 1 if a bar is missed. --quick: few runs and short horizons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="with few runs; about a minute on an idle core")
    parser.add_argument("--processes", type=int, default=1, help="for what is run release by release")
    options = parser.parse_args()
    quick, began = options.quick, time.monotonic()
    runs, requests, bars = (100, 150_000, Bars(few=True)) if quick else (1000, 1_000_000, Bars(few=False))
    say(f"at most {requests:,} requests in each release, a look every {LOOK}")
    say("\nequal sides")
    alarms(bars, runs if quick else 2 * runs, requests)
    say("\nharm")
    harms(bars, runs)
    say("\nsafety")
    promotions(bars, runs, requests // LOOK // 5)
    say("\npitfalls, equal sides")
    together(bars, 2 * runs, requests // LOOK)
    say("\nwhole releases")
    rollouts(runs, bars)
    say("\nrelease by release, through the series")
    with multiprocessing.get_context("fork").Pool(options.processes) as pool:
        one_by_one(quick, bars, lambda work, jobs: pool.starmap(work, jobs))
    missed = bars.report()
    say(f"\n{time.monotonic() - began:.0f} s")
    return missed


if __name__ == "__main__":
    sys.exit(main())
