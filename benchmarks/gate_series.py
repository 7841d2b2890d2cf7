"""One release at a time, through the same classes as a release: what benchmarks/gates.py measures that way."""

import math
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from greenramp.clients.jsonlines import JsonLines
from greenramp.config import Gate
from greenramp.counting import Counting
from greenramp.gates import LatencySeries, RateSeries, ShareSeries, SizeSeries
from greenramp.split import Side
from greenramp.traffic_log import seen_request

LOOK, NEEDED, SHARES = 100, math.log(20), (0.05, 0.25, 0.5)


def series_outage(seed: int) -> list[float]:
    """Candidate's requests until a total outage is found, at each share."""
    draw, found = np.random.default_rng(seed), []
    for share in SHARES:
        series, sent = RateSeries(0.05, 600.0), 0
        while series.log_against() < NEEDED:
            mine = bool(draw.random() < share)
            series.add(share, mine, mine or bool(draw.random() < 0.005))
            sent += mine
        found.append(sent)
    return found


def times(seed: int, requests: int, slower: float, some: float) -> float:
    """Candidate's requests until slowness is found; times are lognormal (sigma 0.5), the share 5 %."""
    draw, series, sent = np.random.default_rng(seed), LatencySeries(None, 600.0), 0
    mine = draw.random(requests) < 0.05
    ms = 50 * draw.lognormal(0, 0.5, requests) * np.where(mine & (draw.random(requests) < some), slower, 1.0)
    for number in range(requests):
        series.add(0.05, bool(mine[number]), float(ms[number]), number / 100)
        sent += int(mine[number])
        if number % LOOK == LOOK - 1 and series.log_against() >= NEEDED:
            return sent
    return math.inf


def sizes(seed: int, requests: int, larger: float) -> float:
    """Candidate's labels until larger errors are found; sizes are those of a normal distribution, the share 5 %."""
    draw, series = np.random.default_rng(seed), SizeSeries(0.05)
    mine = draw.random(requests) < 0.05
    size = np.abs(draw.normal(0, 1, requests)) * np.where(mine, larger, 1.0)
    for number in range(requests):
        series.add(0.05, bool(mine[number]), float(size[number]))
        if number % LOOK == LOOK - 1 and series.log_odds()[0] >= NEEDED:
            return series.candidate
    return math.inf


def sticky(seed: int, requests: int) -> tuple[bool, bool]:
    """Equal sides, 20 000 users of unlike habits, each on one side: false alarm by user, and by request?"""
    draw, users = np.random.default_rng(seed), 20_000
    side, rate = draw.random(users) < 0.05, np.clip(draw.normal(0.05, 0.05, users), 0.001, 0.5)
    habit = draw.lognormal(0, 1, users)
    who = draw.choice(users, requests, p=habit / habit.sum())
    bad = draw.random(requests) < rate[who]
    alarms = []
    for named in (True, False):
        series, alarm = RateSeries(0.05, 600.0), False
        for count, number in enumerate(np.flatnonzero(bad)):
            series.add(0.05, bool(side[who[number]]), True, number / 100, f"u{who[number]}" if named else "")
            alarm = alarm or (count % 20 == 0 and series.log_against() >= NEEDED)
        alarms.append(alarm)
    return alarms[0], alarms[1]


def delayed(seed: int, requests: int) -> bool:
    """Equal sides; clicks come ten minutes late on average while the share goes 5, 25, 50 %: a false alarm?"""
    draw, series = np.random.default_rng(seed), RateSeries(0.05, 600.0)
    clicked = np.flatnonzero(draw.random(requests) < 0.05)
    comes = clicked / 100 + draw.exponential(600, clicked.size)
    alarm = False
    for count, number in enumerate(clicked[np.argsort(comes)]):
        share = SHARES[3 * int(number) // requests]
        series.add(share, bool(draw.random() < share), True, number / 100)
        alarm = alarm or (count % 20 == 0 and series.log_against() >= NEEDED)
    return alarm


def shared_wrong(seed: int, draws: int, lost: float) -> float:
    """Requests of both sides until a router is found that sends the candidate `lost` less than told, at 50 %."""
    draw, series = np.random.default_rng(seed), ShareSeries(600.0)
    mine = draw.random(draws) < 0.5 * (1 - lost) / (1 - 0.5 * lost)
    for number in range(draws):
        series.add(0.5, bool(mine[number]), number / 100)
        if number % LOOK == LOOK - 1 and series.log_against() >= math.log(1000):
            return number + 1
    return math.inf


def reading(rows: int) -> tuple[float, float]:
    """Rows a second from the router's log to evidence for errors, slow and latency; and megabytes at the peak."""
    line = (
        '{{"ts": "{ts}", "id": "r{n}", "user": "u{u}", "cluster": "digits.{side}-fallback", "status": 200, '
        '"attempts": 1, "upstream_us": {us}, "environment": "{side}", "route": "digits.split", '
        '"generation": "5", "percent": "25"}}\n'
    )
    gates = [{"name": "errors", "metric": "errors", "margin": 0.2}, {"name": "times", "metric": "latency"}]
    gates.append({"name": "slow", "metric": "slow", "slower_than_ms": 100, "margin": 0.2})
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "requests.jsonl"
        with log.open("w") as file:
            for n in range(rows):
                file.write(
                    line.format(ts=n / 100, n=n, u=n % 50_000, side=("green", "blue")[n % 4 > 0], us=5000 + n % 977)
                )
        counting = Counting([Gate.model_validate(gate) for gate in gates], Side.GREEN, 5)
        began = time.perf_counter()
        counting.add_requests(s for row in JsonLines(log).new_lines() if (s := seen_request(row)) is not None)
        return rows / (time.perf_counter() - began), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
