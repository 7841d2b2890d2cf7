"""A step that is watched to its end: gates on the log and on a database outside."""

import json
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.journal import Journal
from greenramp.config import Service
from greenramp.errors import NoEvidence
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome
from tasks.canary import watch

PLAN = {
    "model": "fraud",
    "sources": {
        "orders": {
            "kind": "sql",
            "url_env": "ORDERS_URL",
            "counts": "select side, total, bad from orders",
            "side_values": "version",
        }
    },
    "gates": [
        {"name": "errors", "metric": "errors", "margin": 0.2, "grace_seconds": 2},
        {
            "name": "refunds",
            "metric": "counts",
            "source": "orders",
            "margin": 0.2,
            "unit": "request",
            "grace_seconds": 2,
        },
    ],
    "step": {"min_seconds": 0.1, "deadline_seconds": 60},
}


@pytest.fixture
def watched(site, tmp_path, monkeypatch):
    """Watch a step at 50 % while both versions have orders; of 100 of the candidate's so many are refunded."""
    route = Route("fraud", Side.BLUE, 50.0, generation=5, owner="r1", until=time.time() + 3600)
    versions = {Side.BLUE: "7", Side.GREEN: "8"}
    upstreams = [Upstream("fraud", side, (("127.0.0.1", 1),), version) for side, version in versions.items()]
    write_json(site.home.xds / "rds.json", route_file([route], 1))
    write_json(site.home.xds / "cds.json", cluster_file(upstreams, 1))
    site.home.request_log.parent.mkdir(parents=True)
    monkeypatch.setenv("ORDERS_URL", f"sqlite:///{tmp_path}/orders.db")
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection, connection:
        connection.execute("create table orders (side, total, bad)")
        connection.executemany("insert into orders values (?, ?, ?)", [("7", 100, 5), ("8", 100, 5)])
    ended = threading.Event()

    def traffic(refunds):
        """Some 100 orders at a time, and a request of each side."""
        n = 1
        while not ended.wait(0.05):
            n += 1
            with closing(sqlite3.connect(tmp_path / "orders.db")) as connection, connection:
                connection.execute("delete from orders")
                rows = [("7", 100 * n, 5 * n), ("8", 100 * n, 5 + refunds * (n - 1))]
                connection.executemany("insert into orders values (?, ?, ?)", rows)
            with site.home.request_log.open("a") as log:
                log.writelines(line(side, 2 * n + at) for at, side in enumerate(("blue", "green")))

    def watch_it(refunds):
        others = threading.Thread(target=traffic, args=(refunds,))
        others.start()
        try:
            with disable_run_logger():
                plan = Service.model_validate(PLAN)
                return watch.fn(site, "fraud", plan, "r1", Side.GREEN, {}, 5, "50 %", plan.step, 50)
        finally:
            ended.set()
            others.join()

    return watch_it


def line(side, n):
    row = {"attempts": 1, "cluster": f"fraud.{side}-fallback", "environment": side, "generation": "5", "id": f"a{n}"}
    row |= {"percent": "50", "route": "fraud.split", "status": 200, "ts": f"{time.time():.6f}"}
    return json.dumps(row | {"upstream_us": 3000, "user": f"{n:016x}", "v": "1"}) + "\n"


@pytest.mark.parametrize(("refunds", "outcome"), [(5, Outcome.PASS), (40, Outcome.FAIL)], ids=["no worse", "worse"])
def test_a_step_is_decided_by_what_a_database_outside_counts(refunds, outcome, watched, site):
    verdicts = {verdict.gate: verdict for verdict in watched(refunds).verdicts}
    assert verdicts["refunds"].outcome is outcome
    assert verdicts["errors"].outcome is not Outcome.FAIL
    assert verdicts["refunds"].numbers["this_step"] >= 50
    assert {line["event"] for line in Journal(site.home, "r1").read()} == {"verdicts"}


def test_nonsense_of_a_source_ends_the_step_and_is_told(watched, site):
    with pytest.raises(NoEvidence, match=r"can't be judged: refunds is invalid: .*bad .* is more than total"):
        watched(300)
    notes = [line["note"] for line in Journal(site.home, "r1").read() if line["event"] == "source"]
    assert notes
    assert "nothing is judged by what it gives: orders: candidate: bad" in notes[0]


# freeze windows


@pytest.fixture
def freeze(site, monkeypatch):
    """Freeze the site for so many seconds from now on."""
    monkeypatch.setattr("tasks.freeze._READ_SECONDS", 0.0)

    def until(seconds):
        now = datetime.now(UTC)
        ends = now + timedelta(seconds=seconds)
        window = {"from": (now - timedelta(hours=1)).isoformat(), "until": ends.isoformat(), "reason": "trade fair"}
        write_json(site.configs / "sites" / "local.yaml", {"freeze": [window]})
        return ends

    return until


def test_a_step_that_could_go_on_is_held_until_the_freeze_ends(watched, site, freeze):
    ends = freeze(4)
    verdicts = {verdict.gate: verdict for verdict in watched(5).verdicts}
    assert datetime.now(UTC) >= ends
    assert verdicts["refunds"].outcome is Outcome.PASS
    waits = [line["waits"] for line in Journal(site.home, "r1").read() if line["event"] == "freeze"]
    assert waits[0].endswith("by the site local: trade fair")
    assert waits[1:] == [""]


def test_a_gate_that_fails_in_a_freeze_takes_back_at_once(watched, freeze):
    ends = freeze(3600)
    assert Outcome.FAIL in {verdict.outcome for verdict in watched(40).verdicts}
    assert datetime.now(UTC) < ends


def test_a_freeze_stops_the_clock_of_the_steps_deadline(watched, freeze, monkeypatch):
    monkeypatch.setitem(PLAN, "step", {"min_seconds": 0.1, "deadline_seconds": 1.5})
    monkeypatch.setitem(PLAN, "gates", [{**PLAN["gates"][0], "role": "require", "min_requests": 10**6}])
    monkeypatch.setitem(PLAN, "sources", {})
    ends = freeze(4)
    with pytest.raises(NoEvidence, match=r"not decided after 1\.5 s"):
        watched(5)
    assert datetime.now(UTC) >= ends + timedelta(seconds=1)
