"""What the page of a release under way shows."""

import json

import pytest

from greenramp.lifecycle.phases import Phase
from greenramp.reporting.progress import (
    Now,
    as_facts,
    in_one_line,
    now_of,
    percent_done,
    percent_of,
    table_rows,
    time_left,
)

VERDICT = {"gate": "errors", "outcome": "unsure", "sentence": "3 of 40", "numbers": {"candidate": 40, "champion": 400}}
NOW = Now("canary 5 %", 5.0, (9, 200), "waiting for errors", 12.2, 300.0, (VERDICT,))


def test_a_release_comes_further_with_every_phase_and_share():
    way = [percent_done(Phase.REGISTERED), percent_done(Phase.PROVISIONED), percent_done(Phase.SMOKED)]
    way += [percent_done(Phase.SHADOWED), percent_done(Phase.CANARY, 5), percent_done(Phase.CANARY, 50)]
    way += [percent_done(Phase.SWITCHED), percent_done(Phase.PROMOTED), percent_done(Phase.LIVE)]
    assert way == sorted(set(way))
    assert (way[-1], percent_done(Phase.ROLLED_BACK)) == (100.0, 0.0)


def test_the_table_holds_the_step_asked_and_served_what_is_waited_for_and_each_gate():
    rows = table_rows(NOW)
    assert [(row["what"], row["is"]) for row in rows] == [
        ("step", "canary 5 %"),
        ("traffic", "5 % asked, 4.5 % served (9 of 200 requests in this step)"),
        ("waits for", "waiting for errors"),
        ("time left", "12 s at least, 5 min at most; then it goes back undecided"),
        ("errors", "unsure"),
    ]
    assert rows[-1]["samples"] == "40 / 400"
    assert len({tuple(row) for row in rows}) == 1, "all rows have the same columns"


def test_the_table_begins_with_what_people_hold_and_are_asked():
    rows = table_rows(NOW, ["paused by ann", "waits for approval"])
    assert [(row["what"], row["is"]) for row in rows][:3] == [
        ("people", "paused by ann"),
        ("people", "waits for approval"),
        ("step", "canary 5 %"),
    ]
    assert len({tuple(row) for row in rows}) == 1, "all rows have the same columns"


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (Now("bake", 100.0, None, "", 0.0, 59.7), "1 min at most; then it goes back undecided"),
        (Now("bake", 100.0, None, "", 0.0, -3.0), "0 ms at most; then it goes back undecided"),
        (Now("starting"), ""),
    ],
)
def test_the_time_left(now, words):
    assert time_left(now) == words


def test_a_look_is_the_same_once_it_was_written_down_and_read():
    line = {"event": "verdicts", **json.loads(json.dumps(as_facts(NOW)))}
    assert now_of(line) == NOW
    assert now_of({"event": "verdicts", "where": "5 %", "verdicts": []}) == Now("5 %")


def test_the_bake_is_further_than_the_last_step():
    assert percent_of(Now("bake", 100.0)) > percent_of(Now("100 %", 100.0)) > percent_of(Now("5 %", 5.0))


def test_a_step_without_requests_says_so():
    assert "no request in this step yet" in in_one_line(Now("canary 5 %", 5.0, (0, 0)))
    assert in_one_line(Now("starting")) == "starting; 0 % asked"
