"""Who holds a release and what it asks for, by its orders and its question."""

import pytest

from greenramp.lifecycle.held import Held, Pause, Question, held_by_people
from greenramp.lifecycle.orders import Order, Word

ASKED = {"ts": 1000.0, "place": "25 %", "seconds": 3600.0, "on_expiry": "back", "page": "http://prefect/run"}
QUESTION = Question("25 %", 1000.0, 4600.0, "back", "http://prefect/run")


def order(word, ts, place=""):
    return Order(f"{word}{ts}", ts, Word(word), "ann", "coffee" if word == "pause" else "", place=place)


def test_nobody_holds_a_release_that_nobody_steers():
    assert held_by_people([], None) == Held()
    assert Held().sentences("fraud") == ()


@pytest.mark.parametrize(
    ("orders", "paused"),
    [
        ([order("pause", 1.0)], Pause("ann", 1.0, "coffee")),
        ([order("pause", 1.0), order("pause", 2.0)], Pause("ann", 1.0, "coffee")),
        ([order("pause", 1.0), order("continue", 2.0)], None),
        ([order("pause", 1.0), order("continue", 2.0), order("pause", 3.0)], Pause("ann", 3.0, "coffee")),
        ([order("pause", 1.0), order("abort", 2.0)], None),
    ],
    ids=["paused", "twice", "continued", "again", "aborted"],
)
def test_a_pause_holds_until_it_is_continued_or_the_release_is_aborted(orders, paused):
    assert held_by_people(orders, None).paused == paused


def test_a_question_waits_until_its_time_is_over():
    assert held_by_people([], ASKED).question == QUESTION


@pytest.mark.parametrize("word", ["approve", "reject", "expire"])
def test_an_answer_ends_its_own_question_and_no_other(word):
    assert held_by_people([order(word, 1500.0, "25 %")], ASKED).question is None
    assert held_by_people([order(word, 1500.0, "5 %")], ASKED).question == QUESTION


def test_a_pause_moves_the_end_of_a_question_on():
    before = [order("pause", 900.0), order("continue", 1100.0)]
    later = [*before, order("pause", 2000.0), order("continue", 2300.0)]
    assert [held_by_people(orders, ASKED).question.until for orders in (before, later)] == [4700.0, 5000.0]
    held = held_by_people([order("pause", 2000.0)], ASKED)
    assert (held.paused.who, held.question.until) == ("ann", None)


def test_people_are_told_who_since_when_and_what_to_do():
    told = held_by_people([order("pause", 0.0)], ASKED).sentences("fraud")
    assert told == (
        "paused by ann since 1970-01-01 00:00:00 UTC: coffee; let it go on with: greenramp continue fraud",
        "waits for approval of 25 % since 1970-01-01 00:16:40 UTC, while it is paused no time runs out; "
        "without an answer everything goes back; answer on its page, http://prefect/run, "
        "or with: greenramp approve fraud "
        "(no: greenramp reject fraud)",
    )
    (told,) = held_by_people([], {**ASKED, "on_expiry": "continue", "page": ""}).sentences("fraud")
    assert "until 1970-01-01 01:16:40 UTC; without an answer it goes on; answer with: greenramp approve fraud" in told
