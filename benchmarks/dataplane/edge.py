"""Envoy with one service, `bench`, as a site runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.dataplane.processes import free_port
from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.bootstrap import bootstrap
from greenramp.clients.envoy.clusters import Upstream, cluster_name
from greenramp.clients.envoy.router import Router
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.traffic.handling import Handling
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

SERVICE = "bench"


@dataclass(frozen=True)
class RunningEdge:
    """An Envoy and the ways to it."""

    router: Router
    admin: Admin
    port: int
    pid: int

    def put(self, side: Side, port: int) -> None:
        """Let a server on this port be one side of the service."""
        self.router.ensure_upstream(Upstream(SERVICE, side, (("127.0.0.1", port),), "1"))
        names = [cluster_name(SERVICE, side, role) for role in ("live", "candidate")]
        eventually(lambda: all(self.admin.healthy_members(name) == 1 for name in names))

    def be(self, **record: Any) -> None:
        """Blue is live and held by r1, with this beside it in the record."""
        fresh = Route(SERVICE, live=Side.BLUE, owner="r1", until=time.time() + 3600, salt="r1")
        handling = record.pop("handling", Handling())
        self.router.change(SERVICE, lambda r: replace(fresh, generation=r.generation, handling=handling, **record))

    def drained(self, side: Side) -> None:
        """Wait until no request is open on a side, three looks in a row."""
        names, idle_looks = [cluster_name(SERVICE, side, role) for role in ("live", "candidate", "shadow")], 0
        while idle_looks < 3:
            idle_looks = 0 if sum(map(self.admin.active_requests, names)) else idle_looks + 1
            time.sleep(0.02)


@contextmanager
def edge(blue: int, green: int) -> Iterator[RunningEdge]:
    """Envoy with servers on these ports behind it, blue live."""
    home, port = Home(Path(tempfile.mkdtemp(prefix="gr-bench-"))), free_port()
    for folder in (home.runtime, home.logs, home.xds, home.request_log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    router, admin = Router(home), Admin(home.admin_socket)
    router.ensure_files()
    write_json(home.bootstrap, bootstrap(home, port))
    command = [str(Path(sys.executable).parent / "envoy"), "-c", str(home.bootstrap), "--disable-hot-restart"]
    command += ["--concurrency", "1", "--file-flush-interval-msec", "200", "--log-level", "error"]
    process = subprocess.Popen(command)
    try:
        eventually(admin.ready)
        running = RunningEdge(router, admin, port, process.pid)
        for side, server in ((Side.BLUE, blue), (Side.GREEN, green)):
            running.put(side, server)
        running.be()
        yield running
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(home.root)


def eventually(ready: Callable[[], bool]) -> None:
    """Wait until it is so; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except Unreachable:
            pass
        time.sleep(0.01)
    raise SystemExit("Envoy does not come up")
