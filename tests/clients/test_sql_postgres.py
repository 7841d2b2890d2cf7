"""Labels and counts out of a real PostgreSQL server, also one that goes away."""

import time
from decimal import Decimal

import pytest
from postgres_server import PostgresServer, find_postgres

from greenramp.clients.outside import check_source, open_source
from greenramp.clients.polling import Polled
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.config import Service, SqlSource
from greenramp.errors import BadEvidence, Unreachable
from greenramp.home import Home
from greenramp.judging.rules import judge_all
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome

LABELS = "select id, label, seq from outcomes where service = :service and seq > :cursor order by seq limit 10000"
COUNTS = (
    "select side, count(*) as total, sum(case when refunded then 1 else 0 end) as bad from orders "
    "where service = :service group by side"
)
LIMIT = 30


@pytest.fixture(scope="module")
def server():
    programs, reason = find_postgres()
    if programs is None:
        pytest.skip(reason)
    running = PostgresServer(programs)
    yield running
    running.remove()


@pytest.fixture
def database(server, monkeypatch):
    """A database with two empty tables, to which ORDERS_URL leads a user who can only read."""
    monkeypatch.setenv("ORDERS_URL", server.url())
    server.run("drop table if exists outcomes, orders")
    server.run("create table outcomes (service text, id uuid, label numeric, seq bigserial)")
    server.run("create table orders (service text, side text, refunded boolean)")
    return server


@pytest.fixture
def opened():
    some = []

    def open_one(**more):
        some.append(open_source("orders", config(**more), "digits", Side.GREEN, (8, 7)))
        return some[-1]

    yield open_one
    for one in some:
        one.close()


def config(**more):
    return SqlSource.model_validate({"kind": "sql", "url_env": "ORDERS_URL", **(more or {"counts": COUNTS})})


def orders(server, *rows):
    server.run("insert into orders values ('digits', %s, %s)", list(rows))


def name(number):
    return f"00000000-0000-4000-8000-{number:012}"


def outcomes(server, *labels):
    server.run("insert into outcomes values ('digits', %s, %s)", [(name(n), label) for n, label in enumerate(labels)])


def test_labels_come_once_in_their_order_as_plain_data(database, opened):
    outcomes(database, 7, Decimal("0.5"), None)
    source = opened(labels=LABELS, cursor="seq")
    first = source.read_since(None)
    assert (first.labels, first.cursor, first.more) == ([(name(0), 7), (name(1), 0.5)], 3, False)
    outcomes(database, 1)
    second = source.read_since(first.cursor)
    assert (second.labels, second.cursor) == ([(name(0), 1)], 4)
    assert check_source("orders", config(labels=LABELS, cursor="seq"), "digits") == "3 labels from the start on"


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        pytest.param("true", True, id="a truth"),
        pytest.param("'cat'::text", "cat", id="text"),
        pytest.param("7::smallint", 7, id="a small number"),
        pytest.param("0.5::real", 0.5, id="a float"),
        pytest.param("7.0::numeric", 7, id="a whole decimal"),
        pytest.param("array[1, 2]", [1, 2], id="one for each row"),
    ],
)
def test_whatever_kind_a_label_has_there_it_is_plain_data_here(database, opened, label, plain):
    query = f"select 'a' as id, {label} as label, 1::bigint as seq where :cursor < 1"
    ((_, found),) = opened(labels=query, cursor="seq").read_since(None).labels
    assert (found, type(found)) == (plain, type(plain))


def test_ten_thousand_labels_are_read_at_a_time(database, opened):
    database.run("insert into outcomes select 'digits', gen_random_uuid(), 1 from generate_series(1, 25000)")
    source = opened(labels=LABELS, cursor="seq")
    batches = [source.read_since(None)]
    while batches[-1].more:
        batches.append(source.read_since(batches[-1].cursor))
    assert [len(batch.labels) for batch in batches] == [10_000, 10_000, 5_000]


def test_counts_are_those_since_the_look_before(database, opened):
    orders(database, *[("blue", False)] * 90, *[("green", True)] * 2)
    source = opened()
    first = source.read_since(None)
    orders(database, ("blue", True), ("blue", False), ("green", False), ("green", True))
    (counted,) = source.read_since(first.cursor).counts
    assert (counted.candidate, counted.champion, counted.candidate_bad, counted.champion_bad) == (2, 2, 1, 1)


def test_a_query_that_takes_too_long_is_ended_by_the_server(database, opened):
    slow = "select 'blue' as side, 1 as total, 0 as bad from pg_sleep(30)"
    began = time.monotonic()
    with pytest.raises(Unreachable, match="canceling statement due to statement timeout"):
        opened(counts=slow, timeout_seconds=0.2).read_since(None)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("query", "said"),
    [
        pytest.param("select * from nowhere", 'relation "nowhere" does not exist', id="no such table"),
        pytest.param("select 1 / 0", "division by zero", id="no such number"),
        pytest.param("select nextval('outcomes_seq_seq')", "permission denied", id="no right to it"),
    ],
)
def test_a_query_that_the_server_refuses_is_the_files_fault_and_no_outage(database, opened, query, said):
    with pytest.raises(BadEvidence, match=f"orders: the database refuses the query: .*{said}"):
        opened(counts=query).read_since(None)


def test_a_query_writes_nothing_whoever_asks_it(database, opened, monkeypatch):
    monkeypatch.setenv("ORDERS_URL", database.url("owner"))
    with pytest.raises(BadEvidence, match=r"refuses the query: .* in a read-only transaction"):
        opened(counts="select 'blue' as side, nextval('outcomes_seq_seq') as total, 0 as bad").read_since(None)


def test_a_wrong_password_is_not_told(database, opened, monkeypatch):
    monkeypatch.setenv("ORDERS_URL", database.url(password="wr0ng"))  # noqa: S106
    with pytest.raises(Unreachable, match="password authentication failed") as refused:
        opened().read_since(None)
    assert "wr0ng" not in str(refused.value)


# a server that goes away


def looked(evidence, times=1):
    """Read until so many answers of the source have come."""
    for _ in range(times):
        before = evidence.sources.cursors.get("source orders")
        until(evidence, lambda before=before: evidence.sources.cursors.get("source orders") is not before)


def until(evidence, wanted):
    deadline = time.monotonic() + LIMIT
    while not wanted():
        evidence.read()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_server_that_goes_away_and_comes_back_takes_no_candidate_back(database, opened, tmp_path):
    home = Home(tmp_path)
    for folder in (home.request_log.parent, home.predictions):
        folder.mkdir()
    refunds = {"name": "refunds", "metric": "counts", "source": "orders", "margin": 0.5, "unit": "request"}
    source = {"kind": "sql", "url_env": "ORDERS_URL", "counts": COUNTS}
    plan = Service.model_validate({"model": "digits", "sources": {"orders": source}, "gates": [refunds]})
    evidence = ReleaseEvidence(home, "digits", plan, "r1", Side.GREEN, {}, 5, [Polled(opened(), 0.0, 0.0)])

    def outcome():
        (verdict,) = judge_all(plan, evidence.counting)
        return verdict.outcome

    orders(database, ("blue", False), ("green", False))
    looked(evidence)
    orders(database, *[("blue", n % 10 == 0) for n in range(500)], *[("green", n % 10 == 0) for n in range(50)])
    looked(evidence, 2)
    assert outcome() is Outcome.PASS
    database.stop()
    words = []
    until(evidence, lambda: words.extend(evidence.sources.take_notes()) or any("does not answer" in w for w in words))
    for _ in range(20):
        evidence.read()
        time.sleep(0.01)
    assert outcome() is Outcome.PASS
    assert evidence.sources.take_notes() == []  # once is enough
    database.start()
    looked(evidence)
    orders(database, *[("blue", n % 10 == 0) for n in range(100)], *[("green", n % 10 == 0) for n in range(100)])
    looked(evidence, 2)
    assert outcome() is Outcome.PASS
    found = evidence.counting.evidence["refunds"]
    assert (found.candidate, found.champion, found.candidate_bad, found.champion_bad) == (150, 600, 15, 60)


def test_labels_go_on_where_they_ended_when_the_server_is_back(database, opened):
    outcomes(database, 1, 2)
    source = opened(labels=LABELS, cursor="seq")
    first = source.read_since(None)
    outcomes(database, 3)
    database.stop()
    with pytest.raises(Unreachable, match="orders: the database does not answer"):
        source.read_since(first.cursor)
    database.start()
    assert source.read_since(first.cursor).labels == [(name(0), 3)]


def test_a_server_that_is_restarted_between_two_reads_is_no_outage(database, opened):
    orders(database, ("blue", False))
    source = opened()
    first = source.read_since(None)
    database.stop()
    database.start()
    orders(database, ("blue", False))
    assert source.read_since(first.cursor).counts[0].champion == 1
