"""What the shadow step costs users and the machine, whether its pairs are complete, and how soon it finds faults.

Run: python -m benchmarks.shadow [--quick] [--only users|minute|comparison|faults]
The real Envoy, real serving processes, and the same comparison that the step makes. Ways take turns, round by round, so
that what else the machine does falls on all of them; the ratios are medians of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.dataplane.edge import SERVICE, RunningEdge, edge
from benchmarks.dataplane.report import p99, say
from benchmarks.dataplane.users import UsersElsewhere
from benchmarks.driving.server_process import ServerProcess
from benchmarks.driving.serving_process import ServingProcess, requests_of, save_linear, save_planted
from benchmarks.shadow_faults import find_faults
from benchmarks.shadow_watch import LOOK_SECONDS, Watch, copies, service, serving
from greenramp.shadow.answers import Answer
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.configured import rules_of
from greenramp.traffic.split import Side
from greenramp.verdict import worst

RATE = 300
PATH = f"/{SERVICE}/invocations"


def users(running: RunningEdge, models: Path, rounds: int, seconds: float) -> None:
    """What users notice of candidates of all sorts."""
    linear = save_linear(models / "linear")
    slow = save_planted(models / "slow", sliced=False, ms=3.0)
    hanging, dead = ServerProcess("green", pause=600), ServerProcess("green")
    dead.kill()
    runs: dict[str, list[tuple[float, float, int, float]]] = {}
    try:
        with serving(linear, linear) as (_, (live, good)), serving(linear, slow) as (_, (_, slower)):
            running.be()
            running.put(Side.BLUE, live.server_address[1])
            candidates = {"no shadow": good, "good": good, "slower": slower, "hangs": hanging, "dead": dead}
            for _ in range(rounds):
                for name, server in candidates.items():
                    running.be()
                    if server is dead:
                        dead.start()
                    running.put(Side.GREEN, server.server_address[1])
                    if server is dead:
                        dead.kill()
                    running.be(mirror=0.0 if name == "no shadow" else 100.0, mirror_max_kb=1024)
                    runs.setdefault(name, []).append(_users(running, seconds))
    finally:
        hanging.kill()
        dead.kill()
    say(f"\nUsers at {RATE}/s, with a candidate that gets all copies; medians of {rounds} rounds of {seconds:g} s")
    say(f"{'candidate':12} {'p50 ms':>7} {'p99 ms':>7} {'p50 x':>7} {'p99 x':>7} {'failed':>7} {'dropped':>8}")
    plain = runs["no shadow"]
    for name, found in runs.items():
        middle = [statistics.median(run[k] for run in found) for k in (0, 1)]
        ratios = [statistics.median(a[k] / b[k] for a, b in zip(found, plain, strict=True)) for k in (0, 1)]
        failed, dropped = sum(run[2] for run in found), statistics.median(run[3] for run in found)
        line = f"{name:12} {middle[0]:7.2f} {middle[1]:7.2f} {ratios[0]:7.2f} {ratios[1]:7.2f} {failed:7}"
        say(f"{line} {dropped:8.1%}")


def _users(running: RunningEdge, seconds: float) -> tuple[float, float, int, float]:
    before = copies(running)
    with UsersElsewhere(running.port, PATH, RATE, requests_of(200)) as load:
        time.sleep(seconds)
    ms = [1000 * (sent.ended - sent.at) for sent in load.sent]
    return statistics.median(ms), p99(ms), load.failed, copies(running, before).dropped / len(ms)


def minute(running: RunningEdge, models: Path, seconds: float) -> None:
    """Whether every copy has its pair; logs of 1 MB are rotated meanwhile, and the candidate is restarted or not."""
    linear = save_linear(models / "linear-too")
    for what, happening in (("untouched", _nothing), ("stopped, killed, started again each time", _restarts)):
        with serving(linear, linear) as (home, servers):
            running.be()
            for side, server in zip(Side, servers, strict=True):
                running.put(side, server.server_address[1])
            before = copies(running)
            with UsersElsewhere(running.port, PATH, RATE, requests_of(200)) as load:
                time.sleep(1)
                running.be(mirror=100.0, mirror_max_kb=1024)
                watch, began = Watch(home, service(), time.time(), running, before), time.monotonic()
                events = happening(servers[1], seconds)
                while (elapsed := time.monotonic() - began) < seconds:
                    watch.look()
                    if events and elapsed > events[0][0]:
                        events.pop(0)[1]()
                    time.sleep(LOOK_SECONDS)
                until = time.time()
                running.be()
                time.sleep(1)
            watch.finish(until)
            _say_minute(what, watch, load, copies(running, before), seconds)


def _nothing(_server: ServingProcess, _seconds: float) -> list[tuple[float, Callable[[], None]]]:
    return []


def _restarts(server: ServingProcess, seconds: float) -> list[tuple[float, Callable[[], None]]]:
    """What is done when so many seconds have passed."""
    ends = ((0.2, server.stop), (0.25, server.launch), (0.6, server.kill), (0.65, server.launch))
    return [(part * seconds, do) for part, do in ends]


def _say_minute(what: str, watch: Watch, load: UsersElsewhere, sent: object, seconds: float) -> None:
    counts, outcomes = watch.comparison.pairing.counts, watch.comparison.verdicts()
    say(f"\n{seconds:g} s at {load.rate:.0f}/s, candidate {what}: {len(load.sent)} requests, {load.failed} failed")
    alone = f"only the champion's {counts.alone[0]}, only the candidate's {counts.alone[1]}"
    say(f"  pairs {counts.pairs}, {alone}, twice {sum(counts.duplicates)}, late {sum(counts.late)}")
    say(f"  Envoy, also of the copies before and after: {sent}")
    say(f"  gaps {watch.logs.gaps}, lines lost {watch.logs.lost}; verdicts: {worst(outcomes)}; {outcomes[0]}")
    cpu = f"{1e6 * watch.cpu / max(1, counts.pairs):.0f} us of processor time a pair, read, paired and judged"
    say(f"  {cpu}; verdicts take {1000 * statistics.median(watch.judging):.1f} ms (median)")


def comparison(pairs: int) -> None:
    """What comparing costs by itself, with a look every 150 pairs, as at 300 requests a second."""
    say(f"\nThe comparison alone: {pairs} pairs in memory, a look at all verdicts every 150 pairs")
    chance = random.Random(1)  # noqa: S311 - no secret
    for kind, draw in (("labels", lambda: chance.randrange(10)), ("numbers", lambda: chance.lognormvariate(3, 0.5))):
        for columns in ((), ("country",)):
            compared = ShadowComparison(rules_of(service(columns)), columns)
            taking, judging = 0.0, []
            for first in range(0, pairs, 150):
                ids = [f"r{number}" for number in range(first, first + 150)]
                live = [Answer(i, first / RATE, 200, 5.0 + chance.random(), [draw()], 20) for i in ids]
                other = [a._replace(ms=5.0 + chance.random()) for a in live]
                features = {i: {"country": chance.choice(["DE", "FR", "PT"])} for i in ids}
                began = time.perf_counter()
                compared.take(live, other, features)
                taken = time.perf_counter()
                compared.verdicts()
                taking, judging = taking + taken - began, [*judging, time.perf_counter() - taken]
            name = f"{kind}, sliced" if columns else kind
            rate, look = pairs / taking, 1000 * statistics.median(judging)
            judged = f"verdicts() {look:.2f} ms, {1000 * max(judging):.1f} at most"
            say(f"  {name:16} {rate:9,.0f} pairs/s taken in; {judged}")


def main() -> None:
    """Measure all of it, or one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two minutes, for a look; the default takes ten")
    parser.add_argument("--only", choices=["users", "minute", "comparison", "faults"])
    given = parser.parse_args()
    quick = given.quick
    logging.getLogger("mlflow").setLevel(logging.ERROR)  # it warns of pickles
    say(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} before")
    parts: dict[str, Callable[[RunningEdge, Path], None]] = {
        "users": lambda running, models: users(running, models, 2 if quick else 5, 3.0 if quick else 6.0),
        "minute": lambda running, models: minute(running, models, 20.0 if quick else 60.0),
        "comparison": lambda _running, _models: comparison(15_000 if quick else 60_000),
        "faults": lambda running, models: find_faults(running, models, 1 if quick else 3, 15.0 if quick else 60.0),
    }
    blue, green = ServerProcess("blue"), ServerProcess("green")
    try:
        with tempfile.TemporaryDirectory() as folder, edge(*(s.server_address[1] for s in (blue, green))) as running:
            for name, part in parts.items():
                if given.only in (None, name):
                    part(running, Path(folder))
    finally:
        blue.kill()
        green.kill()
    say(f"\nload average {os.getloadavg()[0]:.1f} behind")


if __name__ == "__main__":
    main()
