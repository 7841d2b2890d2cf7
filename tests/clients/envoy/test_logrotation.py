"""The request log stays bounded and loses nothing: the real Envoy writes it."""

import json
import os
import subprocess
import sys
import threading
import uuid

import pytest

from greenramp.clients.envoy.logrotation import MAX_BYTES, ensure_log_bounded
from greenramp.clients.jsonlines import OLDER_KEPT, JsonLines, generation
from greenramp.errors import Unreachable
from greenramp.site.guard import tend_log
from greenramp.traffic.handling import Edge

SMALL = 4_000


class Reader:
    """Follows the request log from now on; knows the requests, each by its id, in the order they came."""

    def __init__(self, site):
        self.site = site
        self.lines = JsonLines.from_now(site.home.request_log)
        self.ids = []

    def look(self):
        self.ids += [row["id"] for row in self.lines.read_new()]
        return len(self.ids)

    def await_all(self, ids):
        self.site.eventually(lambda: self.look() >= len(ids), f"{len(ids)} requests in the log")
        assert self.ids == ids
        assert (self.lines.gaps, self.lines.broken) == (0, 0)


@pytest.fixture
def rotated(envoy, new_home, eventually):
    """Start an Envoy of its own, since the others' log is not to be rotated."""
    site = type(envoy)(new_home(), eventually)
    site.edge = Edge(trust_request_id=True)
    site.start()
    yield site
    site.kill()


def ask(site, count):
    ids = [str(uuid.uuid4()) for _ in range(count)]
    with site.connected() as one:
        for chosen in ids:
            one("/fraud/invocations", x_request_id=chosen)
    return ids


def generations(site):
    log = site.home.request_log
    return [g for n in range(OLDER_KEPT + 2) if (g := generation(log, n)).exists()]


def test_a_small_log_is_left_alone(rotated):
    ask(rotated, 3)
    rotated.eventually(lambda: rotated.home.request_log.stat().st_size, "they are logged")
    assert not ensure_log_bounded(rotated.home)
    assert generations(rotated) == [rotated.home.request_log]


def test_a_log_that_is_not_there_is_no_reason_to_ask_anybody(home):
    assert not ensure_log_bounded(home)


def test_over_many_rotations_the_disk_is_bounded_and_every_request_is_read_once(rotated):
    reader, ids, rotations = Reader(rotated), [], 0
    for _ in range(3 * OLDER_KEPT):
        ids += ask(rotated, 15)
        reader.await_all(ids)
        rotations += ensure_log_bounded(rotated.home, SMALL)
        rotated.eventually(rotated.home.request_log.exists, "Envoy has opened a new file")
    assert rotations > OLDER_KEPT + 1
    assert len(generations(rotated)) == OLDER_KEPT + 1
    row = max(len(line) for g in generations(rotated) for line in g.read_text().splitlines(keepends=True))
    assert all(g.stat().st_size <= SMALL + 15 * row for g in generations(rotated))


def test_requests_made_while_the_log_is_rotated_are_all_read_once_and_in_order(rotated):
    reader, ids, rotations = Reader(rotated), [], 0
    asking = threading.Thread(target=lambda: ids.extend(ask(rotated, 1500)))
    asking.start()
    while asking.is_alive():
        rotations += ensure_log_bounded(rotated.home, SMALL)
        reader.look()
    asking.join()
    reader.await_all(ids)
    assert rotations > 3


def test_an_envoy_that_does_not_answer_writes_on_into_the_renamed_file_and_is_asked_again(rotated):
    reader, ids = Reader(rotated), ask(rotated, 20)
    reader.await_all(ids)
    socket = rotated.home.admin_socket
    hidden = socket.rename(socket.with_suffix(".hidden"))
    for _ in range(3):
        with pytest.raises(Unreachable):
            ensure_log_bounded(rotated.home, SMALL)
        ids += ask(rotated, 20)
        reader.await_all(ids)
    assert generations(rotated) == [generation(rotated.home.request_log, 1)]
    hidden.rename(socket)
    assert not ensure_log_bounded(rotated.home, SMALL)  # nothing to rename, only to open
    rotated.eventually(rotated.home.request_log.exists, "Envoy has opened a new file")
    ids += ask(rotated, 5)
    reader.await_all(ids)


def test_an_envoy_that_was_started_anew_after_the_renaming_opens_the_new_file_itself(rotated):
    reader, ids = Reader(rotated), ask(rotated, 20)
    reader.await_all(ids)
    rotated.kill()
    with pytest.raises(Unreachable):
        ensure_log_bounded(rotated.home, SMALL)
    rotated.start()
    ids += ask(rotated, 3)
    reader.await_all(ids)
    assert not ensure_log_bounded(rotated.home, SMALL)


@pytest.mark.parametrize("stopped_at", range(1, OLDER_KEPT + 1))
def test_a_rotation_that_stopped_half_way_is_finished_by_the_next_and_loses_nothing(home, stopped_at):
    log = home.request_log
    log.parent.mkdir(parents=True)
    for number in range(OLDER_KEPT + 1):  # all there but the one that would have been filled next
        if number != stopped_at:
            generation(log, number).write_text(json.dumps({"n": -number, "filler": "x" * SMALL}) + "\n")
    with pytest.raises(Unreachable):
        ensure_log_bounded(home, SMALL)
    there = [-n for n in range(OLDER_KEPT, -1, -1) if n != stopped_at]
    assert [row["n"] for row in JsonLines(log).read_new()] == there


def test_the_guard_does_it_by_itself(rotated):
    log = rotated.home.request_log
    ask(rotated, 1)  # before its first line Envoy opens nothing anew
    rotated.eventually(lambda: log.stat().st_size, "it is logged")
    os.truncate(log, MAX_BYTES + 1)  # a hole, so it takes no space
    command = [sys.executable, "-m", "greenramp.site.guard"]
    around = {**os.environ, "GREENRAMP_HOME": str(rotated.home.root)}
    guard = subprocess.Popen(command, env=around, stdout=subprocess.PIPE, text=True)
    try:
        rotated.eventually(lambda: generation(log, 1).exists() and log.exists(), "the log is rotated")
    finally:
        guard.terminate()
        said, _ = guard.communicate(timeout=10)
    assert guard.returncode == 0
    assert said.count("the request log was rotated") == 1
    assert "can't be rotated" not in said


def test_what_is_wrong_with_the_log_never_stops_the_guard(home):
    home.request_log.mkdir(parents=True)
    generation(home.request_log, 1).mkdir()
    (generation(home.request_log, 1) / "file").touch()
    home.runtime.mkdir()
    (home.runtime / "request-log.lock").mkdir()
    assert tend_log(home).startswith("the request log can't be rotated, the next look tries again: ")
