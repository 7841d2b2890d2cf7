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

import numpy as np
from gate_runs import Runs, say
from gate_series import (
    LOOK,
    NEEDED,
    SHARES,
    delayed,
    reading,
    series_outage,
    shared_wrong,
    sizes,
    sticky,
    times,
)

from greenramp.gates.rate_gate import Counts, Harm, RateGate
from greenramp.gates.rate_series import COMMON

HAZARD = 1 - 2 ** (-1 / 600)  # a look is a second, a planned step ten minutes


def wald(rate: float, champion: float, share: float) -> float:
    """Candidate's requests that a test knowing the size of the harm, but not the base rate, needs on average."""

    def kl(p: float, q: float) -> float:
        return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))

    both = share * rate + (1 - share) * champion
    return NEEDED * share / (share * kl(rate, both) + (1 - share) * kl(champion, both))


RULES = ("gate", "windows", "rank", "z-test")


def rates(
    what: str, rate: float, champion: float, share: float, harm: Harm, runs: int, looks: int, **options: object
) -> None:
    """One scenario of a bad rate, for all rules."""
    made, hint = Runs(runs, harm, 7), options.get("hint")
    gate = RateGate(0.05, harm, hint=hint, shape=(runs,))  # type: ignore[arg-type]
    for number in range(1, looks + 1):
        seen, bad = made.total[:2].sum(axis=0), made.total[2:].sum(axis=0)
        believed = np.clip(bad / np.maximum(seen, 1), 0.01, 0.97) if number > 1 and champion >= COMMON else None
        gate.update(Counts(share, *made.look(share, rate, champion), believed), HAZARD)
        made.stop("gate", gate.log_against() >= NEEDED)
        made.others(number)
        if all(np.isfinite(made.stopped.get(rule, np.inf)).all() for rule in RULES[:1]) and number % 60 == 0:
            break
    different = rate != champion
    rules = RULES if options.get("others", True) else RULES[:1]
    if different:
        say(f"{what}: Wald limit {wald(rate, champion, share):,.0f}")
    made.line(what, rules, wald(rate, champion, share) if different else None)


def promotions(runs: int, looks: int) -> None:
    """The truth exactly at the margin: how often is it shown to be better?"""
    for what, rate, margin, harm, share in (
        ("clicks 5 %, margin 10 %", 0.05, 0.1, Harm.DOWN, 0.25),
        ("errors 0.5 %, margin 50 %", 0.005, 0.5, Harm.UP, 0.05),
        ("errors 20 %, margin 10 %", 0.2, 0.1, Harm.UP, 0.25),
    ):
        made, gate = Runs(runs, harm, 17), RateGate(margin, harm, shape=(runs,))
        for number in range(looks):
            seen, bad = made.total[:2].sum(axis=0), made.total[2:].sum(axis=0)
            believed = np.clip(bad / np.maximum(seen, 1), 0.01, 0.97) if number and rate >= COMMON else None
            gate.update(Counts(share, *made.look(share, rate * (1 + harm * margin), rate), believed), HAZARD)
            made.stop("passed", gate.log_for() >= NEEDED)
        say(f"at the margin, {what:<28} passed {np.isfinite(made.stopped['passed']).mean():6.1%}  (bar 5 %)")


def drifting(runs: int, looks: int) -> None:
    """Clicks fall from 6 to 4 % with the day while the share goes 5, 25, 50 %; and eight equal metrics at once."""
    made, gate, pooled = Runs(runs, Harm.DOWN, 23), RateGate(0.05, Harm.DOWN, shape=(runs,)), np.zeros(runs, bool)
    for number in range(looks):
        rate = 0.06 - 0.02 * number / looks
        share = SHARES[3 * number // looks]
        gate.update(Counts(share, *made.look(share, rate, rate)), HAZARD)
        made.stop("gate", gate.log_against() >= NEEDED)
        pooled |= (number + 1) % (looks // 3) == 0 and made._z(made.total) > 1.96
    false = np.isfinite(made.stopped["gate"]).mean()
    say(f"rate drifts while the share grows     gate {false:6.1%}  z-test on sums {pooled.mean():6.1%}")
    each = runs // 2
    many = Runs(8 * each, Harm.UP, 29)
    gates = RateGate(0.05, shape=(8 * each,))
    for _ in range(looks):
        gates.update(Counts(0.25, *many.look(0.25, 0.02, 0.02)), HAZARD)
        many.stop("gate", gates.log_against() >= math.log(8 * 20))
        many.stop("undivided", gates.log_against() >= NEEDED)
    shown = {rule: np.isfinite(at).reshape(8, each).any(axis=0).mean() for rule, at in many.stopped.items()}
    say(f"eight equal metrics                   gate {shown['gate']:6.1%}  undivided alpha {shown['undivided']:6.1%}")


def spread(what: str, found: list[float], bar: str) -> None:
    """Report: how many were found, and when."""
    at = np.array(found)
    middle, late = np.quantile(at, [0.5, 0.95], method="higher")
    say(f"{what:<38} found {np.isfinite(at).mean():6.1%}  median {middle:,.0f}  p95 {late:,.0f}  ({bar})")


def one_by_one(quick: bool, each: Callable[..., list]) -> None:
    """Everything that is run release by release."""
    runs, few = (60, 40) if quick else (1000, 200)
    outage = np.array(each(series_outage, [(s,) for s in range(runs)]))
    middle, late = np.quantile(outage, [0.5, 0.95], axis=0)
    say(f"total outage at 5, 25, 50 %             median {middle}  p95 {late}  (bar 4, 6, 9)")
    long = 30_000 if quick else 60_000
    spread("times +10 %", each(times, [(s, long, 1.1, 1.0) for s in range(few)]), "bar 320")
    spread("1.7 % of times x 5 (p99 +50 %)", each(times, [(s, long, 5.0, 0.017) for s in range(few)]), "bar 520")
    spread(
        "2 % of times x 2",
        each(times, [(s, 2 * long if quick else 500_000, 2.0, 0.02) for s in range(few)]),
        "published 5 795",
    )
    spread(
        "times equal", each(times, [(s, long if quick else 200_000, 1.0, 1.0) for s in range(few)]), "bar: at most 5 %"
    )
    spread("error size +5 %", each(sizes, [(s, 100_000, 1.05) for s in range(few)]), "published 1 519")
    spread(
        "error size equal", each(sizes, [(s, long if quick else 200_000, 1.0) for s in range(few)]), "bar: at most 5 %"
    )
    alarms = np.array(each(sticky, [(s, 200_000 if quick else 1_000_000) for s in range(few)])).mean(axis=0)
    say(f"sticky users, equal sides               gate {alarms[0]:6.1%}  counting every request {alarms[1]:6.1%}")
    late = np.mean(each(delayed, [(s, 100_000 if quick else 1_000_000) for s in range(few)]))
    say(f"clicks ten minutes late, share grows    gate {late:6.1%}")
    spread("router loses 20 % at 50 %", each(shared_wrong, [(s, 20_000, 0.2) for s in range(few)]), "published 1 600")
    spread("router as told", each(shared_wrong, [(s, 50_000, 0.0) for s in range(few)]), "bar: at most 0.1 %")


def main() -> None:
    """Run everything; --quick with few runs and short horizons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="below a minute, with few runs")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    quick = options.quick
    runs, horizon, began = (100, 1500, time.monotonic()) if quick else (1000, 10_000, time.monotonic())
    say(f"{runs} releases each, at most {LOOK * horizon:,} requests, a look every {LOOK}")
    say("\nequal sides: every one taken back is a false alarm (bar 5 %)")
    for what, rate, harm in (
        ("clicks 5 %", 0.05, Harm.DOWN),
        ("errors 0.5 %", 0.005, Harm.UP),
        ("errors 0.05 %", 0.0005, Harm.UP),
    ):
        for share in SHARES:
            rates(
                f"{what}, share {share:.0%}",
                rate,
                rate,
                share,
                harm,
                max(runs // 2, 100),
                horizon,
                others=share == 0.05,
            )
    say("\nharm")
    for share in SHARES:
        rates(f"clicks -15 %, share {share:.0%}", 0.0425, 0.05, share, Harm.DOWN, runs, 12_000)
    rates("clicks -15 %, hint, share 5%", 0.0425, 0.05, 0.05, Harm.DOWN, runs, 12_000, hint=0.15, others=False)
    rates("errors 0.5 to 2 %, share 5%", 0.02, 0.005, 0.05, Harm.UP, runs, 3000)
    for worse, base in ((0.12, 0.10), (0.22, 0.20), (0.55, 0.50)):
        rates(f"errors {base:.0%} to {worse:.0%}, share 5%", worse, base, 0.05, Harm.UP, runs, 12_000, others=False)
    say("\nsafety")
    promotions(runs, horizon if quick else 4000)
    say("\npitfalls, equal sides (bar 5 %)")
    drifting(runs, horizon)
    say("\nrelease by release, through the series")
    with multiprocessing.get_context("fork").Pool(options.processes) as pool:
        one_by_one(quick, lambda work, jobs: pool.starmap(work, jobs))
    say("\nreading the router's log: three gates")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for rows in (100_000,) if quick else (100_000, 1_000_000):
            speed, peak = pool.apply(reading, (rows,))
            say(f"{rows:>9,} rows: {speed:,.0f} rows/s, {peak:,.0f} MB at the peak")
    say(f"\n{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
