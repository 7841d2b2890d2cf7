"""Splits of one version's own rows: false alarms are rare, planted harm is found, the same seed says the same."""

import random

import pytest

from greenramp.config import Service
from greenramp.judging.backtesting import GateRecord, backtest, gates_that_can_fail, wilson_interval
from greenramp.judging.recorded import Row

COLUMNS = ["side", "failed", "ms", "prediction", "label"]


def service(*gates, ladder=(10, 50, 100)):
    return Service.model_validate({"model": "fraud", "ladder": ladder, "gates": gates})


ERRORS = {"name": "errors", "metric": "errors", "margin": 0.5}
TIMES = {"name": "times", "metric": "latency", "margin": 0.1}
RIGHT = {"name": "right", "metric": "wrong", "margin": 0.2}
SIZE = {"name": "size", "metric": "error_size", "margin": 0.1}
DRIFT = {"name": "drift", "metric": "drift"}


def rows(count, seed=3, users=0):
    chance = random.Random(seed)
    return [
        Row(
            number,
            False,
            ts=number / 10,
            user=f"u{chance.randrange(users)}" if users else "",
            failed=chance.random() < 0.02,
            ms=chance.lognormvariate(3, 0.3),
            prediction=float(chance.randrange(10)),
            label=float(chance.randrange(10)),
        )
        for number in range(1, count + 1)
    ]


def last(plan, table, runs=6, seed=1, drop=0.3, columns=COLUMNS):
    records = {}
    for records in backtest(plan, table, columns, runs, seed, drop):  # noqa: B007
        pass
    return records


def test_harm_is_found_and_equal_sides_are_let_be():
    records = last(service(ERRORS, TIMES), rows(2000))
    for record in records.values():
        assert record.runs == 6
        assert record.false_alarms == 0
        assert len(record.found_after) == 6
        assert 0 < record.median_found < 800


def test_every_metric_gets_a_harm_that_it_can_see():
    found = last(service(RIGHT, SIZE, DRIFT, ladder=(50, 100)), rows(6000), runs=1, drop=0.6)
    assert {name: len(record.found_after) for name, record in found.items()} == {"right": 1, "size": 1, "drift": 1}


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others():
    plan, table = service(ERRORS), rows(500)
    assert last(plan, table, runs=3) == last(plan, table, runs=3)
    assert last(plan, table, runs=3) != last(plan, table, runs=3, seed=2)


def test_a_user_is_on_one_side_only():
    """A user who is unwell fails always; drawn request by request the two sides could not differ so much."""
    table = [row._replace(failed=int(row.user[1:]) < 3) for row in rows(3000, users=60)]
    by_user = last(service({**ERRORS, "unit": "request"}), table, runs=10)["errors"]
    by_row = last(service({**ERRORS, "unit": "request"}), [r._replace(user="") for r in table], runs=10)["errors"]
    assert by_row.false_alarms + 2 <= by_user.false_alarms


def test_a_stopped_backtest_keeps_whole_runs_only():
    steps = backtest(service(ERRORS, TIMES), rows(500), COLUMNS, 5, 1, 0.5)
    next(steps)
    assert {record.runs for record in next(steps).values()} == {2}
    steps.close()


def test_gates_that_cannot_fail_or_lack_columns_are_left_out():
    plan = service(ERRORS, TIMES, {**RIGHT, "role": "observe"})
    assert [gate.name for gate in gates_that_can_fail(plan, ["side", "failed", "prediction", "label"])] == ["errors"]


@pytest.mark.parametrize("drop", [0, -0.1, 1.1])
def test_harm_that_is_none_is_refused(drop):
    with pytest.raises(ValueError, match="drop"):
        next(backtest(service(ERRORS), rows(10), COLUMNS, 1, 1, drop))


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 200, 0.0274, 0.0896), (0, 0, 0.0, 1.0)],
)
def test_intervals_are_wilsons(hits, trials, low, high):
    assert wilson_interval(hits, trials) == pytest.approx((low, high), abs=1e-4)


def test_the_median_counts_runs_that_found_nothing():
    assert GateRecord("g", runs=3, found_after=[10, 30]).median_found == 30
    assert GateRecord("g", runs=4, found_after=[10]).median_found is None
    assert GateRecord("g").median_found is None
