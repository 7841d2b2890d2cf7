"""Whoever tells a slow receiver never waits for it, and the last word always arrives."""

import threading
import time

from greenramp.clients.background import Background


def test_the_newest_state_is_written_and_older_ones_are_passed_over():
    written, busy = [], threading.Event()

    def write(state):
        written.append(state)
        busy.wait(10)

    with Background(write, print, 0.01, 0.01) as page:
        page.show(1)
        while not written:
            time.sleep(0.01)
        for state in range(2, 100):
            page.show(state)
        busy.set()
    assert written == [1, 99]


def test_telling_takes_no_time_while_the_receiver_hangs():
    hangs = threading.Event()
    with Background(lambda _: hangs.wait(60), print, 0.01, 0.01, wait_seconds=0.1) as page:
        began = time.monotonic()
        for state in range(1000):
            page.show(state)
        assert time.monotonic() - began < 5
    assert time.monotonic() - began < 20
    hangs.set()


def test_a_receiver_that_fails_is_told_of_once_and_tried_again():
    told, written = [], []

    def write(state):
        if state < 3:
            raise ConnectionError("nobody there")
        written.append(state)

    with Background(write, told.append, 0.01, 0.01) as page:
        for state in (1, 2, 3):
            page.show(state, urgent=True)
            time.sleep(0.2)
    assert told == ["nobody there"]
    assert written == [3]


def test_what_is_not_wanted_to_the_end_ends_at_once():
    written = []
    with Background(written.append, print, 60, 60, wait_seconds=20, to_the_end=False) as page:
        page.show("a")
        began = time.monotonic()
    assert time.monotonic() - began < 10
    assert written == []


def test_without_a_state_nothing_is_written():
    written = []
    with Background(written.append, print, 0.01, 0.01):
        pass
    assert written == []


def test_the_same_state_is_written_once():
    written = []
    with Background(written.append, print, 0.01, 0.01) as page:
        page.show("a")
        while not written:
            time.sleep(0.01)
        page.show("a")
    assert written == ["a"]
