"""Files are there whole or not at all, whoever dies while writing them."""

import json
import signal
import stat
import subprocess
import sys
import threading

import pytest

from greenramp.clients.atomicfile import locked, read_json, write_json, write_text

WRITER = """
import sys
from pathlib import Path
from greenramp.clients.atomicfile import write_json

number = 0
while True:
    number += 1
    write_json(Path(sys.argv[1]), {"number": number, "filler": [number] * 20_000})
    print(number, flush=True)
"""

COUNTER = """
import sys
from pathlib import Path
from greenramp.clients.atomicfile import locked, read_json, write_json

file = Path(sys.argv[1])
for _ in range(25):
    with locked(file.with_suffix(".lock")):
        write_json(file, read_json(file) + 1)
"""

HOLDER = """
import sys, threading
from pathlib import Path
from greenramp.clients.atomicfile import locked

with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    threading.Event().wait()
"""


def started(script, *arguments):
    return subprocess.Popen([sys.executable, "-c", script, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def test_what_is_written_is_read(tmp_path):
    file = tmp_path / "new" / "folder" / "file.json"
    write_json(file, {"live": "blue", "percent": 5.0, "name": "Zürich"})
    assert read_json(file) == {"live": "blue", "percent": 5.0, "name": "Zürich"}


def test_a_file_that_is_not_there_is_nothing(tmp_path):
    assert read_json(tmp_path / "file.json") is None


def test_only_the_owner_may_read_unless_told_otherwise(tmp_path):
    write_text(tmp_path / "mine", "x")
    write_text(tmp_path / "everybodys", "x", mode=0o644)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("mine", "everybodys")]
    assert modes == [0o600, 0o644]


def test_a_write_that_fails_leaves_the_file_before_and_nothing_beside_it(tmp_path):
    file = tmp_path / "file"
    write_text(file, "before")
    with pytest.raises(UnicodeEncodeError):
        write_text(file, "half \ud800")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("writes", [1, 2, 5, 20])
def test_a_writer_killed_in_the_middle_of_many_writes_leaves_a_whole_file(tmp_path, writes):
    file = tmp_path / "file.json"
    with started(WRITER, file) as writer:
        seen = [int(writer.stdout.readline()) for _ in range(writes)][-1]
        writer.send_signal(signal.SIGKILL)
        finished = [int(line) for line in writer.stdout.read().splitlines() if line.strip()]
    data = read_json(file)
    assert data["number"] >= max([seen, *finished])
    assert data["filler"] == [data["number"]] * 20_000


def test_readers_never_see_half_a_file(tmp_path):
    file = tmp_path / "file.json"
    with started(WRITER, file) as writer:
        writer.stdout.readline()
        numbers = []
        while len(set(numbers)) < 20:
            data = json.loads(file.read_text())
            assert data["filler"] == [data["number"]] * 20_000
            numbers.append(data["number"])
        writer.kill()
        writer.stdout.read()
    assert numbers == sorted(numbers)


def test_processes_that_take_the_lock_lose_no_change(tmp_path):
    file = tmp_path / "count.json"
    write_json(file, 0)
    counters = [started(COUNTER, file) for _ in range(3)]
    for counter in counters:
        with counter:
            assert counter.wait(60) == 0
    assert read_json(file) == 75


def test_a_lock_whose_holder_was_killed_is_free(tmp_path, eventually):
    entered = threading.Event()

    def enter():
        with locked(tmp_path / "lock"):
            entered.set()

    with started(HOLDER, tmp_path / "lock") as holder:
        assert holder.stdout.readline() == "locked\n"
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.05)
        holder.kill()
        waiting.join(10)
    assert entered.is_set()
