"""Messages go out beside the work; nothing waits for a target that hangs."""

import subprocess
import sys
import time

import pytest

from greenramp.clients.outbox import Outbox
from greenramp.clients.postman import Postman
from greenramp.clients.targets import Target
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.news import Kind, News


def news(release, kind=Kind.STARTED):
    return News(kind, "fraud", release, "5 steps", seconds=time.time(), version="8")


@pytest.fixture
def postman(tmp_path):
    """Make a postman of this home for these targets."""
    made = []

    def make(*sure, doubtful=lambda: ()):
        made.append(Postman(Home(tmp_path), lambda: tuple(map(Target, sure)), doubtful))
        return made[-1]

    yield make
    for one in made:
        one.finish(20)


def pending(tmp_path):
    return Outbox(Home(tmp_path)).names()


def test_news_are_delivered_while_the_work_goes_on(postman, receiver, eventually, tmp_path):
    one = postman(f"json://{receiver.address}/a")
    assert one.take(news("r1"))
    eventually(lambda: receiver.titles == ["fraud version 8: release started"], "the first")
    one.take(news("r2"))
    eventually(lambda: len(receiver.got) == 2 and not pending(tmp_path), "the second")
    assert one.take_troubles() == []


def test_what_a_dead_process_left_is_delivered_with_the_next_news(postman, receiver, eventually, tmp_path):
    Outbox(Home(tmp_path)).put(news("dead"), None)
    postman(f"json://{receiver.address}/a").wake()
    eventually(lambda: receiver.got and not pending(tmp_path), "the dead one's")


def test_a_target_that_hangs_holds_up_neither_the_work_nor_the_others(postman, receiver, eventually):
    one = postman(*(f"json://{receiver.address}/{path}?cto=20&rto=20" for path in ("hangs", "fine")))
    began = time.monotonic()
    one.take(news("r1"))
    assert time.monotonic() - began < 5, "only the disk is waited for"
    eventually(lambda: len(receiver.got) == 1, "the other")
    receiver.hold.set()
    eventually(lambda: len(receiver.got) == 2, "the one that hung")


def test_trouble_is_told_once_without_the_address(postman, receiver, eventually, tmp_path):
    receiver.status = 500
    one = postman(f"json://me:s3cr3t@{receiver.address}/a")
    one.take(news("r1"))
    (trouble,) = eventually(one.take_troubles, "what went wrong")
    assert "json target" in trouble
    assert "500" in trouble
    assert "s3cr3t" not in trouble
    assert len(pending(tmp_path)) == 1
    assert one.take_troubles() == []


def test_with_prefect_away_the_certain_targets_hear_and_the_others_later(postman, receiver, eventually, tmp_path):
    def away():
        raise Unreachable("Prefect does not answer")

    first = postman(f"json://{receiver.address}/sure", doubtful=away)
    first.take(news("r1"))
    eventually(lambda: len(receiver.got) == 1, "the certain one")
    assert len(pending(tmp_path)) == 1
    first.finish(20)
    block = Target(f"json://{receiver.address}/block")
    postman(f"json://{receiver.address}/sure", doubtful=lambda: (block,)).wake()
    eventually(lambda: not pending(tmp_path), "the block's")
    assert len(receiver.got) == 2


def test_without_any_target_nothing_is_kept(postman, eventually, tmp_path):
    postman().take(news("r1"))
    eventually(lambda: not pending(tmp_path), "laid aside")


ENDS_AT_ONCE = """
import sys, time
from pathlib import Path
from greenramp.clients.postman import Postman
from greenramp.clients.targets import Target
from greenramp.home import Home
from greenramp.news import Kind, News

postman = Postman(Home(Path(sys.argv[1])), lambda: (Target(sys.argv[2]),), lambda: ())
postman.take(News(Kind.PROMOTED, "fraud", "r1", "all is well", seconds=time.time()))
"""


def test_a_process_that_is_done_sends_its_last_message(receiver, tmp_path):
    url = f"json://{receiver.address}/a"
    subprocess.run([sys.executable, "-c", ENDS_AT_ONCE, tmp_path, url], check=True, timeout=60)
    assert receiver.titles == ["fraud: promoted"]
    assert pending(tmp_path) == []
