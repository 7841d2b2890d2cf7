"""Orders on disk, and a release that looks at them."""

import threading

import pytest

from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import OrderBook, Steering, read_held
from greenramp.errors import Overruled
from greenramp.home import Home
from greenramp.lifecycle.orders import Order, Word


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


@pytest.fixture
def told():
    return []


@pytest.fixture
def steering(home, told):
    return Steering(home, "fraud-1", told.append)


def give(home, word, ident, who="ann", **more):
    OrderBook(home, "fraud-1").add(Order(ident, 1_000.0, Word(word), who, **more))


def noted(home):
    lines = [line for line in Journal(home, "fraud-1").read() if line["event"] == "order"]
    return [(line["order"], line["who"], line["taken"]) for line in lines]


def test_a_release_nobody_steers_stands_as_it_began(steering, home):
    assert steering.look().paused is None
    assert not home.orders("fraud-1").exists()


def test_an_order_is_found_by_the_next_look_and_written_into_the_journal_once(steering, home, told):
    give(home, "pause", "a", note="coffee")
    assert str(steering.look().paused) == "paused by ann: coffee"
    assert str(Steering(home, "fraud-1", told.append).look().paused) == "paused by ann: coffee"
    assert noted(home) == [("pause", "ann", True)]
    assert told == ["paused by ann: coffee"]


def test_of_two_answers_the_first_in_the_file_counts_and_the_second_is_told_so(steering, home, told):
    give(home, "approve", "a", place="25 %")
    give(home, "reject", "b", "bob", place="25 %")
    assert steering.look().answers["25 %"].who == "ann"
    assert noted(home) == [("approve", "ann", True), ("reject", "bob", False)]
    assert told[1].startswith("rejected by bob at 25 %, too late: it is approved by ann at 25 %")


def test_an_abort_ends_every_look_from_then_on(steering, home):
    give(home, "abort", "a", note="wrong data")
    for _ in range(2):
        with pytest.raises(Overruled, match="aborted by ann: wrong data"):
            steering.look()


def test_a_line_that_was_cut_short_spoils_no_later_order(steering, home, told):
    give(home, "pause", "a")
    path = home.orders("fraud-1")
    path.write_bytes(path.read_bytes() + b'{"format": 1, "word": "ab')
    give(home, "continue", "b")
    assert steering.look().paused is None
    assert noted(home) == [("pause", "ann", True), ("continue", "ann", True)]


def test_a_line_of_another_version_is_told_and_passed_over(steering, home, told):
    home.journals.mkdir()
    home.orders("fraud-1").write_text('{"format": 2, "word": "jump"}\n')
    give(home, "pause", "a")
    assert steering.look().paused
    assert "is no order: format 2, this version reads 1" in told[0]


def test_orders_given_at_the_same_time_are_all_there(steering, home):
    threads = [threading.Thread(target=give, args=(home, "pause", f"{n}", f"person {n}")) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    steering.look()
    assert sorted(who for _, who, _ in noted(home)) == sorted(f"person {n}" for n in range(20))
    assert sum(taken for _, _, taken in noted(home)) == 1


def test_who_holds_a_release_is_seen_before_it_has_looked_itself(home):
    assert read_held(home, "fraud-1").sentences("fraud") == ()
    give(home, "pause", "a")
    with home.orders("fraud-1").open("a") as file:
        file.write('{"format": 1}\n')
    assert read_held(home, "fraud-1").paused.who == "ann"


def test_a_question_is_open_until_it_has_ended(home):
    journal = Journal(home, "fraud-1")
    journal.add("approval asked", place="25 %", seconds=60.0, on_expiry="back", page="")
    journal.add("verdicts", where="approval of 25 %", verdicts=[])
    assert read_held(home, "fraud-1").question.place == "25 %"
    journal.add("approval ended", place="25 %", outcome="approved by ann")
    assert read_held(home, "fraud-1").question is None
