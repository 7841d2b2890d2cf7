"""A shadow test from the logs to what it found."""

import json
import time

import pytest

from greenramp.clients.shadowlogs import ShadowLogs
from greenramp.clients.shadowrun import SUITE, Shadowed, ShadowRun
from greenramp.config import Service
from greenramp.errors import GateFailed, NoEvidence
from greenramp.home import Home
from greenramp.suites.expectations import SuiteResult
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict, worst

GATE = {"name": "errors", "metric": "errors", "margin": 0.2}
SHADOW = {"min_seconds": 5, "deadline_seconds": 60, "min_pairs": 100, "slices": {"columns": ["country"]}}


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.predictions.mkdir(parents=True)
    return home


@pytest.fixture
def run(home):
    plan = Service.model_validate({"model": "digits", "gates": [GATE], "shadow": SHADOW})
    return ShadowRun(plan, ShadowLogs(home, "digits", Side.BLUE, {}))


def answered(home, count, candidate, start=0):
    """Both sides' answers to so many requests; `candidate` says what the second one answers to the n-th."""
    now = time.time()
    for side in ("blue", "green"):
        with (home.predictions / f"digits.{side}.0.jsonl").open("a") as file:
            for n in range(start, start + count):
                row = {"id": f"r{n}", "ts": now, "status": 200, "ms": 2.0, "bytes": 20, "environment": side}
                row |= {"predictions": [n % 3]}
                if side == "green":
                    inputs = {"columns": ["country"], "rows": [["BR" if n % 2 else "DE"]]}
                    row |= {"copy": True, "predictions": [candidate(n)], "inputs": inputs}
                file.write(json.dumps(row) + "\n")


def test_equal_answers_pass_once_the_shortest_time_is_over(home, run):
    answered(home, 300, lambda n: n % 3)
    verdicts = run.look()
    assert worst(verdicts) is Outcome.PASS
    assert not run.ends(verdicts, 4.9)
    assert run.ends(verdicts, 5.0)
    found = run.finished(verdicts, time.time() + 1)
    found.require()
    assert (found.report["pairs"]["pairs"], len(found.rows)) == (300, 300)


def test_other_answers_in_one_slice_end_it_at_once_and_the_first_word_is_what_was_found(home, run):
    answered(home, 300, lambda n: 2 if n % 2 else n % 3)
    verdicts = run.look()
    assert worst(verdicts) is Outcome.FAIL
    assert run.ends(verdicts, 0.0)
    found = run.finished(verdicts, time.time() + 1)
    assert "country=BR" in found.headline
    with pytest.raises(GateFailed, match="^" + found.headline.split("(")[0]):
        found.require()


def test_what_fails_after_a_dozen_pairs_goes_on_for_some_more_so_that_it_can_be_said_in_what_way(home, run):
    answered(home, 20, lambda n: (n + 1) % 3)
    first = run.look()
    assert worst(first) is Outcome.FAIL
    assert not run.ends(first, 1.0)
    assert run.ends(first, 6.0)
    answered(home, 40, lambda n: (n + 1) % 3, start=20)
    assert run.ends(run.look(), 1.5)
    assert run.failed is first


def test_too_few_pairs_are_waited_for_until_the_deadline(home, run):
    answered(home, 20, lambda n: n % 3)
    verdicts = run.look()
    assert not run.ends(verdicts, 59.9)
    assert run.ends(verdicts, 60.0)
    with pytest.raises(NoEvidence):
        run.finished(verdicts, time.time() + 1).require()


def test_pairs_that_come_after_the_decision_change_no_verdict_but_are_counted(home, run):
    answered(home, 300, lambda n: n % 3)
    verdicts = run.look()
    answered(home, 30, lambda _n: 9, start=300)
    found = run.finished(verdicts, time.time() + 1)
    assert found.report["pairs"]["pairs"] == 330
    assert {v.gate: v.outcome for v in found.verdicts} == {v.gate: v.outcome for v in verdicts}


def test_nothing_said_is_no_pass():
    with pytest.raises(NoEvidence):
        Shadowed((), {"headline": "nothing"}, []).require()
    Shadowed((Verdict("shadow/pairs", Outcome.PASS, "fine"),), {"headline": "fine"}, []).require()


def test_what_a_suite_finds_is_not_told_behind_the_words_that_nothing_stands_out():
    verdicts = (Verdict("shadow/pairs", Outcome.PASS, "fine"), Verdict(SUITE, Outcome.FAIL, "1 of 1 not met"))
    found = Shadowed(verdicts, {"headline": "no difference stands out"}, [], SuiteResult("pairs", 100, ()))
    with pytest.raises(GateFailed, match=r"^shadow/expectations is fail at shadow: 1 of 1 not met$"):
        found.require()
