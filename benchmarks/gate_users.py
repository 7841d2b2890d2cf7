"""Users who ask more than once and stay on their side: what each may count as, where sizes of errors are compared."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from gate_runs import Bars, say
from gate_series import LOOK, NEEDED

from greenramp.gates import SizeSeries
from greenramp.gates.events import Events
from greenramp.gates.user_windows import UserWindows

_UNITS = ("user", "user_first", "request")
_SHARE, _USERS, _WINDOW = 0.25, 4000, 100.0


def sticky_sizes(seed: int, requests: int, larger: float) -> list[float]:
    """Numbers of the candidate until larger errors are found, for each unit; infinite if they are not."""
    draw = np.random.default_rng(seed)
    mine, habit = draw.random(_USERS) < _SHARE, draw.lognormal(0, 1, _USERS)
    who = draw.choice(_USERS, requests, p=habit / habit.sum())
    size = draw.lognormal(0, 0.3, _USERS)[who] * draw.lognormal(0, 1, requests) * np.where(mine[who], larger, 1.0)
    share, ts = np.full(requests, _SHARE), np.arange(requests) / 100
    events = Events(share, mine[who], size, ts, who.astype(np.uint64) + 1)
    return [_found(events, unit) for unit in _UNITS]


def _found(events: Events, unit: str) -> float:
    series, windows = SizeSeries(0.05), UserWindows(_WINDOW, any_bad=False)
    for start in range(0, len(events), 5 * LOOK):
        some = np.zeros(len(events), dtype=bool)
        some[start : start + 5 * LOOK] = True
        part = events.only(some)
        if unit == "user":
            part, _ = windows.add(part, np.zeros(len(part), dtype=np.int64))
        series.add(part.without_users() if unit == "request" else part)
        if series.log_odds()[0] >= NEEDED:
            return series.candidate
    return math.inf


def units(bars: Bars, few: int, each: Callable[..., list[Any]]) -> None:
    """How often equal sides are taken back, and how many users show larger errors."""
    for what, larger in (("equal", 1.0), ("+20 %", 1.2)):
        found = np.array(each(sticky_sizes, [(seed, 40_000, larger) for seed in range(few)])).T
        for unit, at in zip(_UNITS, found, strict=True):
            middle = np.quantile(at, 0.5, method="higher")
            say(f"users' errors {what:<7} {unit:<12} found {np.isfinite(at).mean():6.1%}  median {middle:,.0f}")
        if larger == 1.0:
            bars.within_chance("users' errors equal, one number a user: taken back", np.isfinite(found[0]))
        else:
            bars.at_most("users' errors +20 %: median users", float(np.median(found[0])), 500, few)
