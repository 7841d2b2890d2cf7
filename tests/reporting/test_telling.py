"""A report answers what people ask, and what others wrote in it stays text."""

import pytest

from greenramp.reporting import account_of
from greenramp.reporting.markdown import as_markdown, plain
from greenramp.reporting.telling import in_one_line, tell

FAILED = {"gate": "accuracy", "outcome": "fail", "sentence": "22 of 178 wrong", "numbers": {"candidate": 178}}
LINES = [
    {"ts": 100.0, "event": "claimed", "version": "2", "candidate": "4", "model": "fraud"},
    {"ts": 110.0, "event": "share raised", "percent": 5.0},
    {"ts": 120.0, "event": "verdicts", "where": "5 %", "seconds": 9.0, "verdicts": [FAILED], "exposed": 1237,
     "served": [9, 180]},
    {"ts": 120.03, "event": "traffic put back", "version": "2"},
    {"ts": 125.0, "event": "ended", "outcome": "rolled-back", "reason": "accuracy is fail at 5 %."},
]  # fmt: skip
NO_GATE = [LINES[0], LINES[3], {**LINES[4], "reason": "the run was cancelled"}]


def told(lines):
    return tell(account_of("fraud-4-abcd1234", lines), "blue serves version 2")


def test_of_a_rolled_back_release_it_answers_everything():
    assert dict(told(LINES).answers) == {
        "version": "4, in the place of 2",
        "began": "1970-01-01 00:01:40 UTC, took 25 s",
        "which gate": "accuracy, at 5 %",
        "with which numbers": "22 of 178 wrong",
        "users' requests to the candidate": "1,237, counted until 00:02:00",
        "traffic went back": "30 ms after the verdict, at 00:02:00, to version 2",
        "traffic now": "blue serves version 2",
    }
    assert told(LINES).steps[1] == ("canary 5 %", "00:01:50", "10 s", "5 %", "5 % (9 of 180)")


def test_where_no_gate_failed_it_claims_none():
    answers = dict(told(NO_GATE).answers)
    assert "which gate" not in answers
    assert answers["users' requests to the candidate"] == "none: it went no further than tests and copies"
    assert answers["traffic went back"] == "at 00:02:00; no gate had failed"


def test_users_that_were_met_but_not_counted_are_not_called_none():
    assert "users' requests to the candidate" not in dict(told([*LINES[:2], *LINES[3:]]).answers)


def test_a_versions_page_gets_it_in_one_line():
    line = in_one_line(account_of("fraud-4-abcd1234", LINES))
    assert line.startswith("rolled back by fraud-4-abcd1234, 1970-01-01 00:02 UTC: accuracy is fail at 5 %. 1,237 req")


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", "a | b", "[x](http://evil)", "two\nlines", "`code`"])
def test_what_others_wrote_is_no_markup(evil):
    text = as_markdown(told([*LINES[:-1], {**LINES[-1], "reason": evil}]))
    assert plain(evil) in text
    assert evil not in text
    assert "\n" not in plain(evil)


def test_links_and_all_parts_stand_in_the_markdown():
    order = {"ts": 111.0, "event": "order", "order": "pause", "who": "ada", "note": "let me see"}
    text = as_markdown(told([*LINES[:2], order, *LINES[2:]]), {"Record": "http://here/#/1"})
    for part in ("[Record](http://here/#/1)", "## Gates", "## Steps", "## People", "pause by ada: let me see"):
        assert part in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)
