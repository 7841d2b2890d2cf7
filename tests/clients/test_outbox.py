"""News are told once to each target, whoever is killed when."""

import os
import sys
import time
from dataclasses import replace

import pytest

import greenramp.clients.atomicfile
import greenramp.clients.outbox
from greenramp.clients.outbox import ATTEMPTS, STALE_SECONDS, Outbox
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.news import Kind, News

NEWS = News(Kind.PROMOTED, "fraud", "fraud-8-aaaa", "all gates passed", seconds=1000.0)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Receiver:
    """Keeps what it is sent; out of order as long as it is told to be."""

    def __init__(self):
        self.got, self.away = [], False

    def __call__(self, news):
        if self.away:
            raise Unreachable("it is away")
        self.got.append(news)


@pytest.fixture
def outbox(tmp_path):
    return Outbox(Home(tmp_path))


@pytest.fixture
def clock():
    return Clock()


def test_what_was_put_is_told_as_it_was(outbox, clock):
    receiver = Receiver()
    news = replace(NEWS, facts={"share": "5 %"}, links={"run": "http://x"}, about="25 %", version="8")
    assert outbox.put(news, ["a"])
    assert outbox.deliver("a", receiver, clock) is None
    assert receiver.got == [news]


def test_a_repeated_task_tells_nothing_again(outbox, clock):
    receiver = Receiver()
    assert outbox.put(NEWS, ["a"])
    assert not outbox.put(replace(NEWS, sentence="other words", seconds=1001.0), ["a"])
    outbox.deliver("a", receiver, clock)
    assert not outbox.put(NEWS, ["a"])
    outbox.deliver("a", receiver, clock)
    assert len(receiver.got) == 1


def test_kinds_steps_and_releases_are_told_apart(outbox, clock):
    receiver = Receiver()
    waits = replace(NEWS, kind=Kind.WAITING)
    others = [replace(waits, about="5 %"), replace(waits, about="25 %"), replace(NEWS, release="fraud-9-aaaa")]
    assert all(outbox.put(news, ["a"]) for news in [NEWS, waits, *others])
    outbox.deliver("a", receiver, clock)
    assert len(receiver.got) == 5


def test_news_are_told_in_their_order(outbox, clock):
    receiver = Receiver()
    for second, release in [(3, "a"), (1, "c"), (2, "b")]:
        outbox.put(replace(NEWS, release=release, seconds=990.0 + second), ["x"])
    outbox.deliver("x", receiver, clock)
    assert [news.release for news in receiver.got] == ["c", "b", "a"]


def test_a_target_that_is_away_is_tried_ever_more_rarely_and_then_given_up(outbox, clock):
    receiver, waits = Receiver(), []
    receiver.away = True
    outbox.put(NEWS, ["a"])
    while (due := outbox.deliver("a", receiver, clock)) is not None:
        assert outbox.deliver("a", Receiver(), clock) == due  # not before its time
        waits.append(due - clock.now)
        clock.now = due
    assert waits == [5, 15, 45, 135, 405, 900, 900]
    assert len(waits) == ATTEMPTS - 1
    assert outbox.names() == []


def test_a_target_that_is_away_keeps_no_other_from_hearing(outbox, clock):
    broken, fine = Receiver(), Receiver()
    broken.away = True
    outbox.put(NEWS, ["broken", "fine"])
    due = outbox.deliver("broken", broken, clock)
    assert outbox.deliver("fine", fine, clock) is None
    broken.away, clock.now = False, due
    assert outbox.deliver("broken", broken, clock) is None
    assert len(broken.got) == len(fine.got) == 1
    assert outbox.names() == []


def test_a_target_that_is_new_is_not_told_old_news(outbox, clock):
    receiver = Receiver()
    outbox.put(NEWS, ["a"])
    outbox.deliver("new", receiver, clock)
    outbox.put(replace(NEWS, release="later"), ["a", "new"])
    outbox.deliver("new", receiver, clock)
    assert [news.release for news in receiver.got] == ["later"]


def test_targets_that_were_unknown_at_first_are_those_that_are_found(outbox, clock):
    found, later = Receiver(), Receiver()
    outbox.put(NEWS, None)
    outbox.deliver("found", found, clock)
    assert len(outbox.names()) == 1, "others may still be found"
    outbox.address(["found"])
    outbox.deliver("later", later, clock)
    assert len(found.got) == 1
    assert later.got == []
    assert outbox.names() == []


def test_with_nobody_to_tell_nothing_is_kept_waiting(outbox):
    fresh = replace(NEWS, seconds=time.time())
    outbox.put(fresh, None)
    assert len(outbox.names()) == 1, "targets may still be found"
    outbox.address([])
    assert outbox.names() == []
    outbox.put(replace(fresh, release="fraud-9-bbbb"), [])
    assert outbox.names() == []


def test_news_of_yesterday_are_not_told(outbox, clock):
    receiver = Receiver()
    receiver.away = True
    outbox.put(NEWS, ["a"])
    outbox.deliver("a", receiver, clock)
    clock.now += STALE_SECONDS + 1
    outbox.close(outbox.names()[0], clock())
    receiver.away = False
    assert outbox.deliver("a", receiver, clock) is None
    assert receiver.got == []


TRACED = {greenramp.clients.outbox.__file__, greenramp.clients.atomicfile.__file__}


def run_until_line(number, work):
    """Run `work` in a child that dies right before the line of this number; whether it came that far."""
    child = os.fork()
    if child == 0:
        seen = 0

        def trace(frame, event, _):
            nonlocal seen
            if frame.f_code.co_filename not in TRACED:
                return None
            if event == "line":
                seen += 1
                if seen == number:
                    os._exit(9)
            return trace

        sys.settrace(trace)
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_killed_at_any_line_each_target_still_hears_it_and_twice_only_between_the_sending_and_the_mark(tmp_path):
    number, twice = 1, 0
    while True:
        folder = tmp_path / str(number)
        outbox, received = Outbox(Home(folder)), folder / "received"
        folder.mkdir()

        def receive(_, received=received):
            with received.open("a") as file:
                file.write("x")

        def work(outbox=outbox, receive=receive):
            outbox.put(NEWS, ["a"])
            outbox.deliver("a", receive, Clock())

        killed = run_until_line(number, work)
        before = received.read_text() if received.exists() else ""
        marked = all(outbox.mark(name, "a").sent for name in outbox.names())
        work()
        after = received.read_text()
        assert after == ("xx" if before and not marked else "x"), f"killed before line {number}"
        assert outbox.names() == []
        twice += len(after) - 1
        if not killed:
            break
        number += 1
    assert number > 150
    assert 0 < twice < 30, "lines between the sending and the mark on disk"


def test_two_processes_at_once_tell_it_once(tmp_path):
    outbox, received = Outbox(Home(tmp_path)), tmp_path / "received"
    for release in range(20):
        outbox.put(replace(NEWS, release=str(release)), ["a"])

    def receive(news):
        with received.open("a") as file:
            file.write(f"{news.release} ")

    children = []
    for _ in range(4):
        if (child := os.fork()) == 0:
            try:
                outbox.deliver("a", receive, Clock())
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    outbox.deliver("a", receive, Clock())
    assert sorted(map(int, received.read_text().split())) == list(range(20))
