"""What a way to the server costs: throughput, latency and processor time, each way in turn, round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.dataplane import closedloop
from benchmarks.dataplane.processes import cpu_seconds
from benchmarks.dataplane.report import p99, say
from benchmarks.dataplane.users import UsersElsewhere


@dataclass(frozen=True)
class Way:
    """One way to the server. pid: of the proxy, None for none. prepare: makes it so before each run."""

    name: str
    port: int
    path: str
    pid: int | None = None
    prepare: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Cost:
    """Of one run. cpu_us: of the proxy, for each request."""

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: float


def compare(ways: list[Way], rounds: int, seconds: float, paced_rate: float) -> None:
    """Print all ways as medians of the rounds and as ratios: as many requests as go, then so many a second."""
    full = _measured(ways, rounds, lambda way: _closed(way, seconds))
    paced = _measured(ways, rounds, lambda way: _paced(way, seconds, paced_rate))
    first = next(way.name for way in ways if way.pid)
    say(f"Medians of {rounds} rounds of {seconds:g} s; {closedloop.CONNECTIONS} connections ({closedloop.client()}),")
    say(f"then {paced_rate:g} requests/s. Processor time is the proxy's own, for each request.")
    say(f"{'':34} {'as many as go':^51}  {f'at {paced_rate:g}/s':^23}".rstrip())
    head = (
        f"{'requests/s':>10} {'x direct':>8} {'p50 ms':>7} {'p99 ms':>7} {'CPU us':>7} {'x ' + first.split(',')[0]:>7}"
    )
    say(f"{'way':34} {head}  {'p50 ms':>7} {'p99 ms':>7} {'CPU us':>7} {'failed':>6}")
    direct = full[ways[0].name].rate
    for way in ways:
        f, p = full[way.name], paced[way.name]
        cpu = (f"{f.cpu_us:.0f}", f"{f.cpu_us / full[first].cpu_us:.1f}", f"{p.cpu_us:.0f}") if way.pid else "---"
        fast = f"{f.rate:10.0f} {f.rate / direct:8.2f} {f.p50_ms:7.2f} {f.p99_ms:7.2f} {cpu[0]:>7} {cpu[1]:>7}"
        say(f"{way.name:34} {fast}  {p.p50_ms:7.2f} {p.p99_ms:7.2f} {cpu[2]:>7} {f.failed + p.failed:6.0f}")


def _measured(ways: list[Way], rounds: int, measure: Callable[[Way], Cost]) -> dict[str, Cost]:
    runs: dict[str, list[Cost]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            way.prepare()
            runs[way.name].append(measure(way))
    return {name: _median(costs) for name, costs in runs.items()}


def _median(costs: list[Cost]) -> Cost:
    def middle(of: Callable[[Cost], float]) -> float:
        return statistics.median(map(of, costs))

    failed = sum(c.failed for c in costs)
    return Cost(
        middle(lambda c: c.rate),
        middle(lambda c: c.p50_ms),
        middle(lambda c: c.p99_ms),
        middle(lambda c: c.cpu_us),
        failed,
    )


def _closed(way: Way, seconds: float) -> Cost:
    before = cpu_seconds(way.pid) if way.pid else 0.0
    run = closedloop.run(way.port, way.path, seconds)
    spent = cpu_seconds(way.pid) - before if way.pid else 0.0
    return Cost(run.requests / run.seconds, run.p50_ms, run.p99_ms, 1e6 * spent / run.requests, run.failed)


def _paced(way: Way, seconds: float, rate: float) -> Cost:
    before = cpu_seconds(way.pid) if way.pid else 0.0
    with UsersElsewhere(way.port, way.path, rate) as load:
        time.sleep(seconds)
    spent = cpu_seconds(way.pid) - before if way.pid else 0.0
    ms = [1000 * (s.ended - s.at) for s in load.sent]
    return Cost(load.rate, statistics.median(ms), p99(ms), 1e6 * spent / len(ms), load.failed)
