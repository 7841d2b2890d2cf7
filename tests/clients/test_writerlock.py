"""One writer at a time; one that has stood still for too long is passed by, and finds out."""

import os
import signal
import subprocess
import sys
import time

import pytest

from greenramp.clients.writerlock import sole_writer
from greenramp.errors import NotConfirmed

HOLDER = """
import sys
from pathlib import Path
from greenramp.clients.writerlock import sole_writer
from greenramp.errors import NotConfirmed
with sole_writer(Path(sys.argv[1]), 60) as still_mine:
    print("held", flush=True)
    sys.stdin.readline()
    try:
        still_mine()
        print("wrote", flush=True)
    except NotConfirmed:
        print("refused", flush=True)
"""

COUNTER = """
import sys, time
from pathlib import Path
from greenramp.clients.writerlock import sole_writer
lock, file = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(30):
    with sole_writer(lock, 0.2) as still_mine:
        count = int(file.read_text())
        time.sleep(0.005)
        still_mine()
        file.write_text(str(count + 1))
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate(timeout=10)


def told_to_write(process):
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_a_holder_that_is_killed_leaves_the_lock_at_once(tmp_path, holder):
    holder.kill()
    with sole_writer(tmp_path / "lock", 60) as still_mine:
        still_mine()


def test_a_holder_that_stands_still_is_passed_by_and_writes_nothing_when_it_goes_on(tmp_path, holder):
    os.kill(holder.pid, signal.SIGSTOP)
    with sole_writer(tmp_path / "lock", 0.3) as still_mine:
        os.kill(holder.pid, signal.SIGCONT)
        assert told_to_write(holder) == "refused\n"
        still_mine()


def test_a_holder_within_the_patience_is_waited_for(tmp_path, holder):
    began = time.monotonic()
    holder.stdin.write("\n")
    holder.stdin.flush()
    with sole_writer(tmp_path / "lock", 60):
        assert time.monotonic() - began < 30
    assert holder.stdout.readline() == "wrote\n"


def test_many_short_holders_are_not_taken_for_one_that_stands_still(tmp_path):
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", COUNTER, str(tmp_path / "lock"), str(tmp_path / "count")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [w.communicate(timeout=60)[1] for w in writers] == [""] * 4
    assert (tmp_path / "count").read_text() == "120"


def test_the_check_fails_once_the_name_leads_to_another_file(tmp_path):
    with sole_writer(tmp_path / "lock", 60) as still_mine:
        (tmp_path / "lock").unlink()
        with pytest.raises(NotConfirmed):
            still_mine()
