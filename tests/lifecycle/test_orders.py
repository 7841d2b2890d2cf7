"""What orders of people do to a release: every order in every standing."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.lifecycle.orders import Order, Standing, Word, awaited, may_go_on, people_tags, take
from greenramp.verdict import Outcome


def order(word, ident="1", *, place="25 %", generation=7):
    return Order(ident, 1_000.0, Word(word), "ann", "why", "command line", place, generation)


STANDINGS = {
    "plain": Standing(),
    "paused": Standing(paused=order("pause")),
    "aborted": Standing(aborted=order("abort")),
    "advanced": Standing(advances={7: order("advance")}),
    "answered": Standing(answers={"25 %": order("reject")}),
}
LATE = {
    ("pause", "paused"),
    ("continue", "plain"),
    ("continue", "advanced"),
    ("continue", "answered"),
    ("advance", "paused"),
    ("advance", "advanced"),
    ("approve", "answered"),
    ("reject", "answered"),
    ("expire", "answered"),
    *((word.value, "aborted") for word in Word),
}


@pytest.mark.parametrize("standing", STANDINGS)
@pytest.mark.parametrize("word", list(Word))
def test_an_order_changes_the_standing_or_says_why_it_is_too_late(word, standing):
    before, given_now = STANDINGS[standing], order(word, "2")
    after, late = take(before, given_now)
    if (word.value, standing) in LATE:
        assert after == before
        assert late.startswith("it is ")
        return
    assert not late
    assert after != before
    assert {
        Word.PAUSE: after.paused == given_now,
        Word.CONTINUE: after.paused is None,
        Word.ADVANCE: after.advances.get(7) == given_now,
        Word.ABORT: after.aborted == given_now,
    }.get(word, after.answers.get("25 %") == given_now)


@pytest.mark.parametrize("word", ["advance", "approve"])
def test_an_order_for_one_step_or_place_says_nothing_about_the_next(word):
    standing, _ = take(Standing(), order(word))
    standing, late = take(standing, order(word, "2", place="50 %", generation=8))
    assert not late
    assert len(standing.advances or standing.answers) == 2


ORDERS = st.lists(
    st.builds(
        Order,
        id=st.uuids().map(str),
        ts=st.floats(0, 1e9),
        word=st.sampled_from(Word),
        who=st.sampled_from(["ann", "bob", "the clock"]),
        place=st.sampled_from(["shadow", "25 %"]),
        generation=st.integers(1, 3),
    ),
    max_size=12,
)


def after(orders):
    standing, taken = Standing(), []
    for one in orders:
        standing, late = take(standing, one)
        taken += [] if late else [one]
    return standing, taken


@given(ORDERS)
def test_the_first_answer_at_a_place_stands_whatever_comes_later(orders):
    standing, taken = after(orders)
    until_abort = list(itertools.takewhile(lambda one: one.word is not Word.ABORT, orders))
    for place, answer in standing.answers.items():
        assert answer == next(one for one in until_abort if one.word.answers and one.place == place)
    assert len({one.place for one in taken if one.word.answers}) == sum(one.word.answers for one in taken)


@given(ORDERS)
def test_an_abort_stands_and_nothing_is_taken_after_it(orders):
    standing, taken = after(orders)
    assert (standing.aborted is not None) == any(one.word is Word.ABORT for one in orders)
    assert not standing.aborted or taken[-1] == standing.aborted


@given(ORDERS)
def test_a_release_is_paused_exactly_between_a_pause_and_the_next_continue(orders):
    standing, taken = after(orders)
    turns = [one for one in taken if one.word in (Word.PAUSE, Word.CONTINUE)]
    assert (standing.paused is not None) == bool(turns and turns[-1].word is Word.PAUSE)


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize(("long_enough", "paused", "advanced"), list(itertools.product([False, True], repeat=3)))
def test_a_step_is_over_when_all_pass_in_time_or_a_person_goes_over_what_is_unsure(
    outcome, long_enough, paused, advanced
):
    well = outcome is Outcome.PASS and (long_enough or advanced)
    over_unsure = outcome is Outcome.UNSURE and advanced
    got = may_go_on(outcome, long_enough=long_enough, paused=paused, advanced=advanced)
    assert got is (not paused and (well or over_unsure))


def test_an_order_comes_back_from_its_line_as_it_was():
    one = order("approve")
    assert Order.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    "spoilt",
    [{"format": 2}, {"word": "jump"}, {"who": " "}, {"id": ""}, {"place": ""}, {"ts": "soon"}, {"ts": None}],
    ids=str,
)
def test_a_line_that_is_no_order_is_refused(spoilt):
    with pytest.raises(ValueError, match=r"."):
        Order.from_json(order("approve").to_json() | spoilt)


ASKED, ENDED = {"event": "approval asked", "place": "25 %"}, {"event": "approval ended", "place": "25 %"}


@pytest.mark.parametrize(
    ("journal", "place"),
    [([], ""), ([ASKED], "25 %"), ([ASKED, ENDED], ""), ([ASKED, ENDED, {**ASKED, "place": "promotion"}], "promotion")],
    ids=["never asked", "asked", "answered", "asked again"],
)
def test_a_release_waits_from_the_question_to_its_end(journal, place):
    assert awaited(journal) == place


def test_tags_say_who_did_what_and_leave_out_what_came_too_late():
    def line(word, who, place, **more):
        told = {"event": "order", "order": word, "who": who, "note": "", "place": place, "given": 0, "taken": True}
        return told | more

    tags = people_tags(
        [
            line("approve", "ann", "25 %", note="looks good"),
            line("reject", "bob", "25 %", taken=False),
            line("pause", "bob", ""),
            line("approve", "cem", "promotion"),
        ]
    )
    assert tags == {
        "greenramp.approved_by": "25 %: ann, 1970-01-01 00:00:00 UTC (looks good); "
        "promotion: cem, 1970-01-01 00:00:00 UTC",
        "greenramp.paused_by": "bob, 1970-01-01 00:00:00 UTC",
    }


def test_tags_say_why_a_freeze_window_was_not_heeded():
    line = {"event": "freeze overridden", "why": "the champion leaks data", "window": "frozen for good by fraud: fair"}
    assert people_tags([line]) == {"greenramp.freeze_overridden": "the champion leaks data"}
