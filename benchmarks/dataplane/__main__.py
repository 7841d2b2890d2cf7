"""The router under traffic: how quickly a change takes hold, whether a request is lost, and what each request costs.

Run: python -m benchmarks.dataplane [--quick]
Everything runs on loopback. nginx, HAProxy and wrk take part where they are installed (Debian's nginx-light, haproxy
and wrk); what is missing is named. Compare the ratios: they are of one run, so that what else the machine does falls
on all of them.
"""

from __future__ import annotations

import argparse
import os
import time
from contextlib import ExitStack
from typing import Any

from benchmarks.dataplane.changes import flips, rollbacks, switches
from benchmarks.dataplane.costs import Way, compare
from benchmarks.dataplane.edge import SERVICE, RunningEdge, edge
from benchmarks.dataplane.processes import plain_proxy, program, upstreams
from benchmarks.dataplane.report import say
from benchmarks.driving.server_process import ServerProcess
from greenramp.traffic.handling import Handling
from greenramp.traffic.split import Side

BY_COOKIE = Handling(user_header="", user_cookie="rid")


def ways_through(running: RunningEdge, green: int, hanging: int) -> list[Way]:
    """The edge as it may stand during a release."""

    def way(name: str, server: int = green, **record: Any) -> Way:
        def prepare() -> None:
            running.be()
            running.put(Side.GREEN, server)
            running.be(**record)

        return Way(f"edge, {name}", running.port, f"/{SERVICE}/", running.pid, prepare)

    return [
        way("live side only"),
        way("split 50 %, user by header", percent=50.0),
        way("split 50 %, user by cookie", percent=50.0, handling=BY_COOKIE),
        way("mirror 100 %, shadow answers", mirror=100.0),
        way("mirror 100 %, shadow hangs", hanging, mirror=100.0),
    ]


def main() -> None:
    """Measure changes, then costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a minute, for a look; the default takes four")
    quick = parser.parse_args().quick
    began = time.monotonic()
    say(f"{os.cpu_count()} cores; upstream: {'nginx, return 200' if program('nginx') else 'two Python processes'}")
    with ExitStack() as stack:
        blue, green = stack.enter_context(upstreams())
        running = stack.enter_context(edge(blue, green))
        hanging = ServerProcess("green", pause=600)
        stack.callback(hanging.kill)
        flips(running, 40 if quick else 200, 1000)
        rollbacks(running, 20 if quick else 100, 300)
        switches(running, 5 if quick else 50, 300)
        ways = [Way("direct", blue, "/")]
        for name in ("nginx", "haproxy"):
            if program(name):
                port, pid = stack.enter_context(plain_proxy(name, blue))
                ways.append(Way(f"{name}, plain proxy", port, "/", pid))
            else:
                say(f"{name} is not installed and is left out")
        say()
        ways += ways_through(running, green, hanging.server_address[1])
        compare(ways, *((1, 1.0) if quick else (3, 3.0)), paced_rate=300)
    say(f"took {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
