"""Equal sides under what makes other tests wrong: drift, late clicks, users of unlike habits, many metrics at once."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from gate_runs import Bars, Runs, say
from gate_series import LOOK, NEEDED, SHARES

from greenramp.gates import RateSeries
from greenramp.gates.events import Events
from greenramp.gates.rate_gate import Counts, Harm, RateGate

_HAZARD = 1 - 2 ** (-1 / 600)  # a look is a second, a planned step ten minutes
_DELAY = 600.0


def together(bars: Bars, runs: int, looks: int) -> None:
    """What many releases can be run through at once."""
    drifting(bars, runs, looks)
    late(bars, runs, looks)
    eight(bars, runs // 4, looks)


def drifting(bars: Bars, runs: int, looks: int) -> None:
    """Clicks fall from 6 to 4 % with the day while the share goes 5, 25, 50 %."""
    made, gate, pooled = Runs(runs, Harm.DOWN, 23), RateGate(0.05, Harm.DOWN, shape=(runs,)), np.zeros(runs, bool)
    for number in range(looks):
        rate = 0.06 - 0.02 * number / looks
        share = SHARES[3 * number // looks]
        gate.update(Counts(share, *made.look(share, rate, rate)), _HAZARD)
        made.stop("gate", gate.log_against() >= NEEDED)
        pooled |= (number + 1) % (looks // 3) == 0 and made.z_score(made.total) > 1.96
    false = made.stopped_by("gate")
    say(f"rate drifts while the share grows     gate {false.mean():6.1%}  z-test on sums {pooled.mean():6.1%}")
    bars.within_chance("rate drifts while the share grows: taken back", false)


def late(bars: Bars, runs: int, looks: int) -> None:
    """Clicks on 5 % of requests come ten minutes late on average, while the share goes 5, 25, 50 %.

    A bet goes by the share that was logged with the request; the other gate by the share when the click comes.
    """
    made = Runs(runs, Harm.DOWN, 41)
    gate, wrong = (RateGate(0.05, Harm.DOWN, shape=(runs,)) for _ in range(2))
    ends = [looks * (step + 1) / 3 for step in range(3)]
    for number in range(looks):
        hazard, sums = _HAZARD, np.zeros((2, runs))
        for step, share in enumerate(SHARES):
            first, last = ends[step] - looks / 3, min(ends[step], number + 1.0)
            if last <= first:
                continue
            coming = math.exp(-(number + 1 - last) / _DELAY) - math.exp(-(number + 1 - first) / _DELAY)
            clicks = made.draw.poisson(0.05 * LOOK * coming, runs)
            mine = made.draw.binomial(clicks, share)
            gate.update(Counts(share, clicks, 0, mine, clicks - mine), hazard)
            hazard, sums = 0.0, sums + (mine, clicks - mine)
        made.stop("gate", gate.log_against() >= NEEDED)
        wrong.update(Counts(SHARES[3 * number // looks], *sums, *sums), _HAZARD)
        made.stop("wrong", wrong.log_against() >= NEEDED)
    false, naive = made.stopped_by("gate"), made.stopped_by("wrong").mean()
    say(f"clicks ten minutes late               gate {false.mean():6.1%}  by the share when they come {naive:6.1%}")
    bars.within_chance("clicks ten minutes late: taken back", false)


def eight(bars: Bars, runs: int, looks: int) -> None:
    """Eight equal metrics at once."""
    many, gates = Runs(8 * runs, Harm.UP, 29), RateGate(0.05, shape=(8 * runs,))
    for _ in range(looks):
        gates.update(Counts(0.25, *many.look(0.25, 0.02, 0.02)), _HAZARD)
        many.stop("gate", gates.log_against() >= math.log(8 * 20))
        many.stop("undivided", gates.log_against() >= NEEDED)
    shown = {rule: np.isfinite(at).reshape(8, runs).any(axis=0) for rule, at in many.stopped.items()}
    gate, undivided = shown["gate"].mean(), shown["undivided"].mean()
    say(f"eight equal metrics                   gate {gate:6.1%}  undivided alpha {undivided:6.1%}")
    bars.within_chance("eight equal metrics: taken back", shown["gate"])


def sticky(seed: int, requests: int, share: float) -> tuple[bool, bool]:
    """20 000 users of unlike habits, each on one side: false alarm by user, and by request? All outcomes go in."""
    draw, users = np.random.default_rng(seed), 20_000
    side, rate = draw.random(users) < share, np.clip(draw.normal(0.05, 0.05, users), 0.001, 0.5)
    habit = draw.lognormal(0, 1, users)
    who = draw.choice(users, requests, p=habit / habit.sum())
    bad, ts = draw.random(requests) < rate[who], np.arange(requests) / 100
    events = Events(np.full(requests, share), side[who], bad, ts, who.astype(np.uint64) + 1)
    return _alarm(events), _alarm(events.without_users())


def _alarm(events: Events) -> bool:
    series = RateSeries(0.05, 600.0)
    for start in range(0, len(events), 20 * LOOK):
        part = slice(start, start + 20 * LOOK)
        series.add(
            Events(events.share[part], events.mine[part], events.value[part], events.ts[part], events.user[part])
        )
        if series.log_against() >= NEEDED:
            return True
    return False


def unlike_users(bars: Bars, few: int, requests: int, each: Callable[..., list[Any]]) -> None:
    """Users who click more or less than others, and stay on their side."""
    for share in (0.05, 0.5):
        wrong = np.array(each(sticky, [(seed, requests, share) for seed in range(few)])).T
        by_user, by_request = wrong.mean(axis=1)
        say(f"sticky users, share {share:<17.0%} gate {by_user:6.1%}  counting every request {by_request:6.1%}")
        bars.within_chance(f"sticky users, share {share:.0%}: taken back", wrong[0])
