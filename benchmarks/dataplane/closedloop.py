"""As many requests as are answered: wrk where it is installed, or else a client in Python."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass

from benchmarks.dataplane.processes import program
from benchmarks.dataplane.report import p99
from benchmarks.driving.steady_load import BODY, Users

CONNECTIONS = 16

_SCRIPT = """
local requests, number = {}, 0
function init()
  for n = 1, 500 do
    local headers = {["x-user-id"] = "user-" .. n, ["cookie"] = "rid=user-" .. n}
    requests[n] = wrk.format("POST", nil, headers, string.rep("x", BODY_BYTES))
  end
end
function request()
  number = number % 500 + 1
  return requests[number]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('\\nresult {"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "failed": %d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Run:
    """What a run gave; times of the requests in milliseconds."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failed: int


def client() -> str:
    """Which client asks."""
    return "wrk, one thread" if program("wrk") else "a client in Python (install wrk for one that is not the brake)"


def run(port: int, path: str, seconds: float) -> Run:
    """Ask for some seconds over 16 connections, as 500 users."""
    return _by_wrk(port, path, seconds) if program("wrk") else _by_python(port, path, seconds)


def _by_wrk(port: int, path: str, seconds: float) -> Run:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT.replace("BODY_BYTES", str(len(BODY))))
        script.flush()
        command = [program("wrk") or "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
        command += ["-s", script.name, f"http://127.0.0.1:{port}{path}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Run(**json.loads(said.split("\nresult ")[1]))


def _by_python(port: int, path: str, seconds: float) -> Run:
    users, numbers, began = Users(port, path), itertools.count(), time.monotonic()

    async def ask() -> None:
        while time.monotonic() < began + seconds:
            await users.ask(f"user-{next(numbers) % 500}")

    async def all_of_them() -> None:
        await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
        users.close()

    asyncio.run(all_of_them())
    ms, failed = [1000 * (s.ended - s.at) for s in users.sent], sum(s.failed for s in users.sent)
    return Run(len(ms), time.monotonic() - began, statistics.median(ms), p99(ms), failed)
