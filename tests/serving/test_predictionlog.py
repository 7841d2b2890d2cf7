"""The prediction log never holds a request up, loses nothing in silence, and is complete when closed."""

import errno
import json
import os
import threading
import time

import pytest

from greenramp.serving.identity import Identity
from greenramp.serving.logline import Scored
from greenramp.serving.predictionlog import PredictionLog

IDENTITY = Identity("fraud", "blue", "7")
TOO_LARGE = OSError(errno.EFBIG, os.strerror(errno.EFBIG))


def scored(number: int) -> Scored:
    """Make the record of a request."""
    return Scored(0.0, f"r{number}", 200, 1.0, '{"predictions": [1]}', None)


def ids(path) -> list[str | int]:
    """Read the log: the request ids, and the numbers of dropped lines."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line.get("id", line.get("dropped")) for line in lines]


def wait_for(path, expected: list[str | int]) -> None:
    """Wait until the log holds that."""
    deadline = time.monotonic() + 10
    while ids(path) != expected:
        assert time.monotonic() < deadline, ids(path)
        time.sleep(0.01)


def test_a_closed_log_is_complete(tmp_path):
    with PredictionLog(tmp_path / "log", IDENTITY, 10_000_000) as log:
        for number in range(1000):
            log.record(scored(number))
    assert ids(tmp_path / "log") == [f"r{number}" for number in range(1000)]


def test_lines_are_written_while_the_log_is_open(tmp_path):
    with PredictionLog(tmp_path / "log", IDENTITY, 10_000) as log:
        log.record(scored(1))
        wait_for(tmp_path / "log", ["r1"])


def test_records_of_many_threads_are_all_written_once(tmp_path):
    with PredictionLog(tmp_path / "log", IDENTITY, 10_000_000) as log:
        threads = [
            threading.Thread(target=lambda start=start: [log.record(scored(start + n)) for n in range(200)])
            for start in range(0, 1000, 200)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(ids(tmp_path / "log")) == sorted(f"r{number}" for number in range(1000))


def test_what_a_slow_disk_can_not_take_is_dropped_and_counted(tmp_path):
    log = PredictionLog(tmp_path / "log", IDENTITY, 10_000, max_waiting=500)  # not entered: nothing is written yet
    for number in range(10):
        log.record(scored(number))
    with log:
        pass
    assert ids(tmp_path / "log") == ["r0", "r1", "r2", 7]


def test_what_a_full_disk_refuses_is_counted_once_it_takes_lines_again(tmp_path, largest_file, caplog):
    path = tmp_path / "log"
    with PredictionLog(path, IDENTITY, 10_000) as log:
        log.record(scored(1))
        wait_for(path, ["r1"])
        with largest_file(path.stat().st_size):
            log.record(scored(2))
            log.record(scored(3))
            deadline = time.monotonic() + 10
            while not caplog.records:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        wait_for(path, ["r1", 2])
        log.record(scored(4))
    assert ids(path) == ["r1", 2, "r4"]
    assert [record.getMessage() for record in caplog.records] == [
        "the prediction log loses lines: [Errno 27] File too large"
    ]


def test_a_log_that_can_not_be_opened_says_so_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        PredictionLog(tmp_path / "no" / "log", IDENTITY, 10_000)
