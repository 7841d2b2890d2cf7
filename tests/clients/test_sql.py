"""Labels and counts out of real SQLite files."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenramp.clients.outside import check_source, open_source
from greenramp.config import SqlSource
from greenramp.errors import BadEvidence, ConfigError, GreenrampError, Unreachable
from greenramp.traffic.split import Side

LABELS = "select id, label, seq from outcomes where service = :service and seq > :cursor order by seq"
COUNTS = "select side, count(*) as total, sum(refunded) as bad from orders where service = :service group by side"


@pytest.fixture
def database(tmp_path, monkeypatch):
    """Give a function that runs statements in a file, to which ORDERS_URL leads."""
    file = tmp_path / "orders.db"
    monkeypatch.setenv("ORDERS_URL", f"sqlite:///{file}")

    def run(statement, rows=((),)):
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.executemany(statement, rows)

    run("create table outcomes (service text, id text, label, seq)")
    run("create table orders (service text, side text, refunded int)")
    return run


@pytest.fixture
def opened():
    """Open sources, and close them in the end."""
    some = []

    def open_one(**more):
        config = SqlSource.model_validate({"kind": "sql", "url_env": "ORDERS_URL", **more})
        some.append(open_source("orders", config, "digits", Side.GREEN, (8, 7)))
        return some[-1]

    yield open_one
    for one in some:
        one.close()


def labels(opened, **more):
    return opened(labels=LABELS, cursor="seq", **more)


def counts(opened):
    return opened(counts=COUNTS)


def outcomes(run, *rows):
    run("insert into outcomes values ('digits', ?, ?, ?)", rows)


def orders(run, *rows):
    run("insert into orders values ('digits', ?, ?)", rows)


def test_labels_come_once_in_their_order_and_from_where_the_last_read_ended(database, opened):
    outcomes(database, ("a", 7, 1), ("b", "cat", 2))
    database("insert into outcomes values ('another', 'x', 1, 3)")
    first = labels(opened).read_since(None)
    outcomes(database, ("c", 0.5, 4))
    second = labels(opened).read_since(first.cursor)
    assert (first.labels, first.cursor, first.more) == ([("a", 7), ("b", "cat")], 2, False)
    assert (second.labels, second.cursor) == ([("c", 0.5)], 4)
    assert labels(opened).read_since(4).labels == []


def test_a_read_is_bounded_and_says_that_there_is_more(database, opened):
    outcomes(database, *((str(n), 1, n) for n in range(1, 25_001)))
    source, cursor, sizes = labels(opened), None, []
    while True:
        batch = source.read_since(cursor)
        sizes.append(len(batch.labels))
        cursor = batch.cursor
        if not batch.more:
            break
    assert sizes == [10_000, 10_000, 5_000]
    assert opened(labels=LABELS + " limit 100", cursor="seq").read_since(None).more


def test_a_row_without_a_label_is_passed_over_and_said(database, opened):
    outcomes(database, ("a", None, 1), ("b", 1, 2))
    batch = labels(opened).read_since(None)
    assert batch.labels == [("b", 1)]
    assert batch.notes == ("orders: 1 rows without a label; let the query leave them out",)


def test_a_cursor_may_be_text(database, opened):
    outcomes(database, ("a", 1, "2026-01-01"), ("b", 2, "2026-01-02"))
    assert labels(opened, start="2026-01-01").read_since(None).labels == [("b", 2)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([("a", 1, 1), ("b", 1, 1)], "seq is 1 after 1; it must rise with every row", id="twice"),
        pytest.param([("a", 1, 1.5)], "seq is float 1.5; wanted a whole number or text", id="a fraction"),
        pytest.param([("a", 1, "x")], "seq is 'x', start or the row before 0", id="another kind"),
        pytest.param([(None, 1, 1)], "a row without an id at seq 1", id="no id"),
        pytest.param([("a", b"\x00", 1)], "a label at seq 1 is bytes", id="bytes"),
        pytest.param([("a", float("inf"), 1)], "a label at seq 1 is float inf", id="infinite"),
    ],
)
def test_labels_that_can_not_be_are_refused_by_name(database, opened, rows, said):
    outcomes(database, *rows)
    with pytest.raises(BadEvidence, match=f"orders: labels: {said}"):
        labels(opened).read_since(None)


def test_counts_are_those_since_the_look_before(database, opened):
    orders(database, *[("blue", 0)] * 90, *[("green", 1)] * 2)
    source = counts(opened)
    first = source.read_since(None)
    orders(database, ("blue", 1), ("blue", 0), ("green", 0), ("green", 0), ("green", 1))
    (counted,) = source.read_since(first.cursor).counts
    assert (counted.candidate, counted.champion, counted.candidate_bad, counted.champion_bad) == (3, 2, 1, 1)


def test_counts_that_fall_begin_anew(database, opened):
    orders(database, ("blue", 0), ("blue", 1))
    source = counts(opened)
    first = source.read_since(None)
    database("update orders set refunded = 0")
    assert source.read_since(first.cursor).gaps == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(("blue", None), "bad of blue is None", id="a sum of nothing"),
        pytest.param(("blue", -1), "bad of blue is -1", id="negative"),
        pytest.param(("blue", 2), r"blue: bad \(2\) is more than total \(1\)", id="bad beyond all"),
        pytest.param(("red", 0), "side 'red', wanted blue or green", id="no side of ours"),
        pytest.param((None, 0), "side 'None', wanted blue or green", id="no side"),
    ],
)
def test_counts_that_can_not_be_are_refused_by_name(database, row, said):
    orders(database, row)
    config = SqlSource.model_validate({"kind": "sql", "url_env": "ORDERS_URL", "counts": COUNTS})
    with pytest.raises(BadEvidence, match=f"orders: .*{said}"):
        check_source("orders", config, "digits")


def test_before_a_release_the_live_side_has_to_be_there(database):
    config = SqlSource.model_validate({"kind": "sql", "url_env": "ORDERS_URL", "counts": COUNTS})
    with pytest.raises(BadEvidence, match="nothing of any side"):
        check_source("orders", config, "digits")
    orders(database, ("blue", 0))
    assert check_source("orders", config, "digits", "blue") == "counts of blue"
    with pytest.raises(BadEvidence, match="nothing of the live side, green; there is blue"):
        check_source("orders", config, "digits", "green")


def test_a_query_without_the_columns_asked_for_names_them(database, opened):
    with pytest.raises(BadEvidence, match="the query gives no label; it gives id, seq"):
        opened(labels="select id, seq from outcomes where seq > :cursor", cursor="seq").read_since(None)


def test_a_query_writes_nothing(database, opened):
    outcomes(database, ("a", 1, 1))
    source = labels(opened)
    source.read_since(None)
    with pytest.raises(GreenrampError, match="readonly database"):
        source._rows("delete from outcomes", {}, 1)
    assert len(source.read_since(None).labels) == 1


def test_a_query_that_takes_too_long_is_ended(database, opened):
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i as id, 1 as label, 1 as seq"
    source = opened(labels=f"{endless} from n where i < :cursor", cursor="seq", timeout_seconds=0.2)
    with pytest.raises(Unreachable, match="interrupted"):
        source.read_since(-1)


def test_what_is_not_there_is_said_without_the_password(database, opened, tmp_path, monkeypatch):
    with pytest.raises(Unreachable, match="no such table: orderz"):
        opened(counts="select side, 1 as total, 0 as bad from orderz").read_since(None)
    monkeypatch.setenv("ORDERS_URL", f"sqlite:///{tmp_path}/nowhere.db")
    with pytest.raises(Unreachable, match=r"orders: there is no file .*nowhere\.db"):
        counts(opened).read_since(None)
    assert not (tmp_path / "nowhere.db").exists()
    monkeypatch.setenv("ORDERS_URL", "nonsense secret-1")
    with pytest.raises(ConfigError, match="what ORDERS_URL holds is no SQLAlchemy URL") as refused:
        counts(opened).read_since(None)
    assert "secret-1" not in str(refused.value)
    monkeypatch.setenv("ORDERS_URL", "nosuch://u:secret-1@host/db")
    with pytest.raises(ConfigError, match="wants a driver that is not installed"):
        counts(opened).read_since(None)
    monkeypatch.delenv("ORDERS_URL")
    with pytest.raises(ConfigError, match="url_env: the environment has no ORDERS_URL"):
        counts(opened).read_since(None)


CELLS = st.none() | st.integers(-(2**62), 2**62) | st.floats() | st.text(max_size=4) | st.binary(max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4))
def test_whatever_stands_in_a_table_there_is_a_named_error_or_plain_labels(database, opened, rows):
    database("delete from outcomes")
    outcomes(database, *rows)
    source, said = labels(opened), ""
    try:
        found = source.read_since(None).labels
    except GreenrampError as error:
        found, said = [], str(error)
    finally:
        source.close()
    assert not said or said.startswith("orders: ")
    assert all(isinstance(label, str | int | float) for _, label in found)
