"""A shadow step whose first try fails after its copies have ended: the next one goes on from there."""

import json
import math
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.bootstrap import bootstrap
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.router import Router
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.journal import Journal
from greenramp.clients.shadowkept import KeptShadow
from greenramp.config import Service
from greenramp.errors import Unreachable
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, worst
from tasks.shadow import watch_shadow

SHADOW = {"min_seconds": 0.1, "deadline_seconds": 30, "min_pairs": 100}
GATE = {"name": "errors", "metric": "errors", "margin": 0.2}
PLAN = Service.model_validate({"model": "fraud", "gates": [GATE], "shadow": SHADOW})


@pytest.fixture
def copying(site):
    """Leave traffic as it is while the candidate gets copies; Envoy does not run."""
    route = Route("fraud", Side.BLUE, mirror=100.0, generation=5, owner="r1", until=time.time() + 600)
    upstreams = [Upstream("fraud", side, (("127.0.0.1", 1),), "7") for side in Side]
    write_json(site.home.xds / "rds.json", route_file([route], 1))
    write_json(site.home.xds / "cds.json", cluster_file(upstreams, 1))
    for folder in (site.home.predictions, site.home.runtime, site.home.request_log.parent):
        folder.mkdir(parents=True)
    KeptShadow(site.home, "fraud", Side.GREEN, "r1").begin()
    return time.time()


@pytest.fixture
def envoy(site, eventually):
    """Start Envoy, when it is told to."""
    started = []

    def start():
        write_json(site.home.bootstrap, bootstrap(site.home, 0, Edge()))
        command = [str(Path(sys.executable).parent / "envoy"), "-c", str(site.home.bootstrap)]
        command += ["--disable-hot-restart", "--concurrency", "1", "--log-level", "off"]
        started.append(subprocess.Popen(command))
        eventually(runs, "Envoy has taken its files")

    def runs():
        with suppress(Unreachable):
            return Router(site.home).runs_with_route_file()

    yield start
    for process in started:
        process.kill()
        process.wait(30)


def answer(site, count, start, *, copied=True, ms=2.0):
    """Log both sides' answers to so many requests, or those of the champion alone."""
    for side, slower in (("blue", 1.0), ("green", ms / 2)) if copied else (("blue", 1.0),):
        with (site.home.predictions / f"fraud.{side}.0.jsonl").open("a") as log:
            for n in range(start, start + count):
                row = {"id": f"r{n}", "ts": time.time(), "status": 200, "ms": 2.0 * slower, "environment": side}
                log.write(json.dumps({**row, "copy": side == "green", "predictions": [n % 3]}) + "\n")


def watch(site, begun):
    with disable_run_logger():
        return watch_shadow.fn(site, "fraud", PLAN, "r1", None, Side.BLUE, {}, begun)


@pytest.mark.parametrize(("ms", "outcome"), [(2.0, Outcome.PASS), (50.0, Outcome.FAIL)], ids=["good", "slow"])
def test_a_try_after_the_copies_have_ended_counts_no_later_request(ms, outcome, site, copying, envoy):
    answer(site, 400, 0, ms=ms)
    with pytest.raises(Unreachable):
        watch(site, copying)
    ended, decided = (kept := KeptShadow(site.home, "fraud", Side.GREEN, "r1")).until, kept.decided
    assert copying < ended < time.time()
    assert worst(decided) is outcome
    answer(site, 600, 400, copied=False)
    envoy()
    found = watch(site, copying)
    assert {v.gate: v.outcome for v in found.verdicts} == {v.gate: v.outcome for v in decided}
    assert (found.report["pairs"]["pairs"], found.report["pairs"]["only_live"]) == (400, 0)
    assert Router(site.home).read("fraud").mirror == 0
    assert [line["event"] for line in Journal(site.home, "r1").read()] == ["copies ended"]


def test_a_first_try_needs_no_second_one(site, copying, envoy):
    envoy()
    answer(site, 400, 0)
    found = watch(site, copying)
    assert worst(found.verdicts) is Outcome.PASS
    assert KeptShadow(site.home, "fraud", Side.GREEN, "r1").until < math.inf
