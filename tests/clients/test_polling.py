"""Sources outside during a release: real databases, a real Prometheus, and a server that hangs."""

import json
import socket
import sqlite3
import time
from contextlib import closing

import pytest
from prometheus_server import Exporter, PrometheusServer, find_prometheus, show

from greenramp.clients.evidence_sources import append_labels
from greenramp.clients.outside import open_source, polled_sources
from greenramp.clients.polling import Polled
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.config import Service
from greenramp.home import Home
from greenramp.judging.rules import judge_all
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome

COUNTS = "select side, total, bad from sums"
LABELS = "select id, label, seq from outcomes where seq > :cursor order by seq limit 2"
LIMIT = 30


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    for folder in (home.request_log.parent, home.predictions):
        folder.mkdir()
    return home


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Run statements in the file that ORDERS_URL leads to."""
    file = tmp_path / "orders.db"
    monkeypatch.setenv("ORDERS_URL", f"sqlite:///{file}")

    def run(statement, rows=((),)):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.executemany(statement, rows)

    return run


@pytest.fixture
def say(database):
    """Let the database say how many events each side has had, and how many bad ones."""

    def sums(**sides):
        database("create table if not exists sums (side, total, bad)")
        database("delete from sums")
        database("insert into sums values (?, ?, ?)", [(side, *both) for side, both in sides.items()])

    return sums


def plan(source, *gates, name="orders", **more):
    gate = {"name": "refunds", "metric": "counts", "source": name, "margin": 0.2, "unit": "request"}
    errors = {"name": "errors", "metric": "errors", "margin": 0.2}
    config = {"model": "fraud", "sources": {name: source}, "gates": [errors, *(gates or [gate])], **more}
    return Service.model_validate(config)


def orders(**more):
    return plan({"kind": "sql", "url_env": "ORDERS_URL", "counts": COUNTS}, **more)


def evidence_of(home, plan, polled=None, generation=5, every=0.0):
    others = polled or [
        Polled(open_source(name, config, "fraud", Side.GREEN, (8, 7)), plan.step.settle_seconds, every)
        for name, config in plan.sources.items()
    ]
    return ReleaseEvidence(home, "fraud", plan, "r1", Side.GREEN, {}, generation, others)


def look(evidence, times=1):
    """Read until so many answers of the source have come."""
    place = f"source {next(iter(evidence.sources._others)).name}"
    for _ in range(times):
        before, deadline = evidence.sources.cursors.get(place), time.monotonic() + LIMIT
        while evidence.sources.cursors.get(place) is before:
            evidence.read()
            assert time.monotonic() < deadline, evidence.sources.take_notes()
            time.sleep(0.002)


def said(evidence, wanted):
    """Read until the source's words for people hold these."""
    deadline = time.monotonic() + LIMIT
    while wanted not in (words := " ".join(evidence.sources.take_notes())):
        evidence.read()
        assert time.monotonic() < deadline, words
        time.sleep(0.002)


def counted(evidence):
    found = evidence.counting.evidence["refunds"]
    return found.candidate, found.champion, found.candidate_bad, found.champion_bad


def request(n, status=200, side="green"):
    row = {"attempts": 1, "cluster": f"fraud.{side}-fallback", "environment": side, "generation": "5", "id": f"a{n}"}
    row |= {"percent": "50", "route": "fraud.split", "status": status, "ts": f"{1795438069 + n // 50}.{n:06}"}
    return json.dumps(row | {"upstream_us": 3000, "user": f"{n:016x}", "v": "1"}) + "\n"


def test_a_steps_first_look_is_not_counted_since_it_holds_events_of_the_share_before(home, say):
    say(blue=(100, 5), green=(10, 1))
    before = evidence_of(home, orders())
    look(before)
    say(blue=(190, 9), green=(20, 2))
    look(before, 2)
    assert counted(before) == (10, 90, 1, 4)
    before.save(surely=True)
    say(blue=(1000, 50), green=(900, 90))
    after = evidence_of(home, orders(), generation=6)
    look(after)
    assert after.resumed
    assert counted(after) == (10, 90, 1, 4)
    say(blue=(1100, 55), green=(1000, 95))
    look(after, 2)
    assert counted(after) == (110, 190, 6, 9)
    assert after.counting.this_step["refunds"] == 100


def test_looks_while_the_traffic_settles_only_move_the_cursor(home, say):
    say(blue=(100, 5), green=(10, 1))
    evidence = evidence_of(home, orders(step={"settle_seconds": 500}))
    look(evidence)
    say(blue=(190, 9), green=(20, 2))
    look(evidence, 3)
    assert counted(evidence) == (0, 0, 0, 0)


def test_a_look_that_was_put_off_is_no_beginning(home, say):
    """Counts that grew in contradiction wait for the next look, which then still holds events of the share before."""
    say(blue=(100, 5), green=(10, 1))
    before = evidence_of(home, orders())
    look(before)
    before.save(surely=True)
    say(blue=(200, 5), green=(11, 3))
    after = evidence_of(home, orders(), generation=6)
    said(after, "waiting for the next look")
    say(blue=(200, 5), green=(20, 3))
    look(after)
    assert counted(after) == (0, 0, 0, 0)


def test_a_source_that_is_away_is_told_once_holds_up_nothing_and_goes_on_when_it_is_back(home, say, tmp_path):
    say(blue=(100, 5), green=(10, 1))
    before = evidence_of(home, orders())
    look(before)
    before.save(surely=True)
    (tmp_path / "orders.db").rename(tmp_path / "away.db")
    evidence = evidence_of(home, orders())
    said(evidence, "there is no file")
    for n in range(5):
        with home.request_log.open("a") as log:
            log.write(request(n))
        evidence.read()
        time.sleep(0.01)
    assert evidence.sources.take_notes() == []
    assert evidence.counting.requests == 5
    (tmp_path / "away.db").rename(tmp_path / "orders.db")
    look(evidence, 1)
    say(blue=(190, 9), green=(20, 2))
    look(evidence, 2)
    assert counted(evidence) == (10, 90, 1, 4)


def test_what_cannot_be_evidence_makes_the_gates_of_its_source_invalid_until_it_is_mended(home, say):
    say(blue=(100, 5), green=(10, 11))
    evidence = evidence_of(home, orders())
    said(evidence, "nothing is judged by what it gives: orders: candidate: bad (11) is more than total (10)")
    assert "bad (11) is more than total (10)" in evidence.counting.health("refunds").invalid
    assert evidence.counting.health("errors").invalid == ""
    say(blue=(100, 5), green=(10, 1))
    look(evidence)
    assert evidence.counting.health("refunds").invalid == ""


def test_labels_are_read_on_while_there_are_more_and_a_source_may_be_called_like_a_file_of_ours(home, database):
    database("create table outcomes (id, label, seq)")
    database("insert into outcomes values (?, 1, ?)", [(f"a{n}", n + 1) for n in range(10)])
    accuracy = {"name": "accuracy", "metric": "wrong", "margin": 0.2}
    source = {"kind": "sql", "url_env": "ORDERS_URL", "labels": LABELS, "cursor": "seq"}
    evidence = evidence_of(home, plan(source, accuracy, name="labels"), every=3600)
    append_labels(home, "fraud", [("a10", 0)])
    with home.request_log.open("a") as log, (home.predictions / "fraud.green.0.jsonl").open("a") as answers:
        log.writelines(request(n) for n in range(11))
        answers.writelines(json.dumps({"v": 1, "id": f"a{n}", "predictions": [1]}) + "\n" for n in range(11))
    deadline = time.monotonic() + LIMIT
    while evidence.counting.evidence["accuracy"].candidate < 11:
        evidence.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)
    assert evidence.counting.evidence["accuracy"].candidate_bad == 1


def test_a_server_that_hangs_hides_no_failure_from_the_gates_on_the_log(home):
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        source = {"kind": "prometheus", "url": url, "bad": "bad_total", "total": "all_total", "timeout_seconds": 60}
        config = plan(source)
        with home.request_log.open("a") as log:
            log.writelines(request(n, 500 if n % 2 else 200, "green" if n % 2 else "blue") for n in range(2000))
        began = time.monotonic()
        with polled_sources(config, "fraud", Side.GREEN, (8, 7)) as others:
            evidence = evidence_of(home, config, others)
            for _ in range(3):
                evidence.read()
            found = {v.gate: v.outcome for v in judge_all(config, evidence.counting)}
        assert time.monotonic() - began < 20
    assert found["errors"] is Outcome.FAIL
    assert found["refunds"] is Outcome.UNSURE


def test_a_server_that_is_away_is_told_once_whatever_it_says_each_time(home):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    evidence = evidence_of(home, plan({"kind": "prometheus", "url": url, "bad": "bad_total", "total": "all_total"}))
    said(evidence, "does not answer")
    for _ in range(30):
        evidence.read()
        time.sleep(0.01)
    assert evidence.sources.take_notes() == []


@pytest.fixture(scope="module")
def exporters():
    return {name: Exporter() for name in ("blue", "green")}


@pytest.fixture(scope="module")
def server(tmp_path_factory, exporters):
    program, reason = find_prometheus()
    if program is None:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("prometheus")
    running = PrometheusServer(program, folder, {name: [exporter] for name, exporter in exporters.items()})
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("refused", "outcome"), [(30, Outcome.PASS), (90, Outcome.FAIL)], ids=["no worse", "three times as bad"]
)
def test_counters_in_prometheus_pass_a_good_candidate_and_fail_a_bad_one(refused, outcome, home, server, exporters):
    def say(**texts):
        lines = {name: f"paid_total {total}\nrefused_total {bad}\n" for name, (total, bad) in texts.items()}
        show({exporters[name]: text for name, text in lines.items()})

    source = {"kind": "prometheus", "url": server.url, "bad": "refused_total", "total": "paid_total"}
    config = plan(source)
    say(blue=(5000, 250), green=(0, 0))
    evidence = evidence_of(home, config)
    look(evidence, 2)
    say(blue=(5600, 280), green=(600, refused))
    look(evidence, 2)
    assert counted(evidence) == (600, 600, refused, 30)
    verdict = {v.gate: v for v in judge_all(config, evidence.counting)}["refunds"]
    assert verdict.outcome is outcome, verdict
