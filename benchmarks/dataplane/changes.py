"""How quickly a change of the split takes hold under traffic, and whether a request is lost over it."""

from __future__ import annotations

import time

from benchmarks.dataplane.edge import SERVICE, RunningEdge
from benchmarks.dataplane.report import say, say_spread
from benchmarks.dataplane.users import UsersElsewhere
from benchmarks.driving.steady_load import Sent
from greenramp.traffic.handling import Handling, Retry
from greenramp.traffic.route import claim, leave, put_back, settle, shift, switch
from greenramp.traffic.split import Side

_HOLD_SECONDS = 0.08
_NOTHING_TWICE = Handling(retry=Retry.NONE, live_failover=False)
"""So that no second try covers a lost request up."""


def users(edge: RunningEdge, rate: float) -> UsersElsewhere:
    """Users of the service."""
    return UsersElsewhere(edge.port, f"/{SERVICE}/invocations", rate)


def flips(edge: RunningEdge, count: int, rate: float) -> None:
    """Move all traffic to and fro."""
    edge.be(handling=_NOTHING_TWICE)
    done: list[tuple[float, float, float, str]] = []
    with users(edge, rate) as load:
        time.sleep(0.3)
        for number in range(count):
            percent, new = (100.0, "green") if number % 2 == 0 else (0.0, "blue")
            began = time.time()
            edge.router.change(SERVICE, lambda r, p=percent: shift(r, "r1", time.time(), p, "bench"))
            told = time.time()
            time.sleep(_HOLD_SECONDS)
            done.append((began, told, time.time(), new))
    _say_lost(f"{count} changes of all traffic", load)
    say_spread("change -> Envoy says that it runs", [1000 * (told - began) for began, told, _, _ in done])
    firsts = [_first(load.sent, new, began, end) for began, _, end, new in done]
    say_spread("change -> first answer of the new side", firsts)
    say_spread("change -> last request sent to the old side", [_last(load.sent, n, b, e) for b, _, e, n in done])


def rollbacks(edge: RunningEdge, count: int, rate: float) -> None:
    """Take half of the traffic back from a candidate."""
    edge.be(handling=_NOTHING_TWICE)
    done: list[tuple[float, float]] = []
    with users(edge, rate) as load:
        for _ in range(count):
            edge.router.change(SERVICE, lambda r: shift(r, "r1", time.time(), 50.0, "bench"))
            time.sleep(_HOLD_SECONDS)
            began = time.time()
            edge.router.change(SERVICE, lambda r: put_back(r, "r1", Side.BLUE))
            time.sleep(_HOLD_SECONDS)
            done.append((began, time.time()))
    _say_lost(f"{count} rollbacks at 50 %", load)
    say_spread("call -> last request sent to the candidate", [_last(load.sent, "blue", b, e) for b, e in done])


def switches(edge: RunningEdge, count: int, rate: float) -> None:
    """Release after release: up to 100 %, switched live, the old side drained and left alone."""
    edge.be(handling=_NOTHING_TWICE)
    edge.router.change(SERVICE, lambda r: leave(r, "r1"))
    change, live = edge.router.change, Side.BLUE
    with users(edge, rate) as load:
        for number in range(count):
            owner = f"release-{number}"
            change(SERVICE, lambda r, o=owner: claim(r, o, time.time(), 60))
            for percent in (5.0, 25.0, 50.0, 100.0):
                change(SERVICE, lambda r, o=owner, p=percent: shift(r, o, time.time(), p, "bench"))
            change(SERVICE, lambda r, o=owner, to=live.other: switch(r, o, time.time(), to, "bench"))
            change(SERVICE, lambda r, o=owner: settle(r, o))
            edge.drained(live)
            change(SERVICE, lambda r, o=owner: leave(r, o))
            live = live.other
    _say_lost(f"{count} whole releases one after another", load)


def _say_lost(what: str, load: UsersElsewhere) -> None:
    counts = f"{len(load.sent)} requests ({load.rate:.0f}/s), {load.failed} failed, {load.closed} connections closed"
    say(f"{what}: {counts}")


def _first(sent: list[Sent], name: str, since: float, until: float) -> float:
    """Milliseconds until the first answer of `name` to a request sent in that time; all of it for none."""
    ends = [s.ended for s in sent if s.name == name and since <= s.at < until]
    return 1000 * (min(ends, default=until) - since)


def _last(sent: list[Sent], new: str, since: float, until: float) -> float:
    """Milliseconds until the last request sent in that time which another than `new` answered; 0 for none."""
    late = [s.at for s in sent if s.name not in ("", new) and since <= s.at < until]
    return 1000 * (max(late, default=since) - since)
