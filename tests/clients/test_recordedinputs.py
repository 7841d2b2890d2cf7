"""Inputs of real users, from logs that hold them; from others nothing."""

import json

import pytest

from greenramp.clients.recordedinputs import recorded_payloads
from greenramp.home import Home


@pytest.fixture
def log(tmp_path):
    """Write lines to one process' prediction log."""
    home = Home(tmp_path)
    home.predictions.mkdir(parents=True)

    def write(*rows, name="fraud.blue.0"):
        with (home.predictions / f"{name}.jsonl").open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        return home

    return write


def row(ts, *rows, status=200, columns=("a",)):
    return {"ts": ts, "status": status, "inputs": {"columns": columns and list(columns), "rows": list(rows)}}


def test_the_newest_rows_of_all_processes_are_taken(log):
    log(row(1, [1], [2]), row(4, [5]))
    home = log(row(3, [3], [4]), name="fraud.green.0")
    log(row(9, [9]), name="other.blue.0")
    wanted = [{"dataframe_split": {"columns": ["a"], "data": [[n]]}} for n in (3, 4, 5)]
    assert recorded_payloads(home, "fraud", 3) == wanted
    assert recorded_payloads(home, "fraud", 0) == []
    assert len(recorded_payloads(home, "fraud", 100)) == 5


def test_arrays_are_taken_as_such_and_what_was_refused_is_not_taken(log):
    home = log(row(1, [1, 2], columns=None), row(2, [3], status=400), {"ts": 3, "status": 200}, {"dropped": 3, "v": 1})
    assert recorded_payloads(home, "fraud", 10) == [{"inputs": [[1, 2]]}]


def test_what_reached_no_user_or_is_not_complete_is_not_taken(log):
    home = log(row(1, [1]), {**row(2, [2]), "copy": True}, {**row(3, [3]), "inputs_partial": True})
    assert recorded_payloads(home, "fraud", 10) == [{"dataframe_split": {"columns": ["a"], "data": [[1]]}}]


def test_without_a_log_there_are_none(tmp_path):
    assert recorded_payloads(Home(tmp_path), "fraud", 10) == []
