"""What happened in a release stands on disk when it has happened."""

import signal
import subprocess
import sys
import time

from greenramp.clients.journal import Journal
from greenramp.home import Home

WRITER = """
import sys
from pathlib import Path
from greenramp.clients.journal import Journal
from greenramp.home import Home

journal = Journal(Home(Path(sys.argv[1])), "fraud-1")
number = 0
while True:
    number += 1
    journal.add("share raised", number=number, filler="x" * 5000)
    print(number, flush=True)
"""


def test_a_release_nobody_wrote_about_has_no_lines(tmp_path):
    assert Journal(Home(tmp_path), "fraud-1").read() == []


def test_lines_stand_in_the_order_they_were_written_and_say_when(tmp_path):
    journal, before = Journal(Home(tmp_path), "fraud-1"), time.time()
    journal.add("claimed", live="blue", version="7")
    journal.add("share raised", percent=5.0)
    first, second = Journal(Home(tmp_path), "fraud-1").read()
    assert (first["event"], first["live"], first["version"]) == ("claimed", "blue", "7")
    assert (second["event"], second["percent"]) == ("share raised", 5.0)
    assert before - 0.001 <= first["ts"] <= second["ts"] <= time.time() + 0.001


def test_each_release_has_a_journal_of_its_own(tmp_path):
    Journal(Home(tmp_path), "fraud-1").add("claimed")
    assert Journal(Home(tmp_path), "fraud-2").read() == []


def test_any_text_stays_one_line(tmp_path):
    journal = Journal(Home(tmp_path), "fraud-1")
    journal.add("ended", reason="two\nlines, \u2028 and a Zürich")
    assert journal.read()[0]["reason"] == "two\nlines, \u2028 and a Zürich"
    assert len(journal.path.read_bytes().splitlines()) == 1


def test_only_the_owner_may_read_it(tmp_path):
    journal = Journal(Home(tmp_path), "fraud-1")
    journal.add("claimed")
    assert journal.path.stat().st_mode & 0o077 == 0


def test_what_was_written_before_a_kill_is_there_and_whole(tmp_path):
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        for _ in range(10):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        written = 10 + len([line for line in writer.stdout.read().splitlines() if line.strip()])
    lines = Journal(Home(tmp_path), "fraud-1").read()
    assert [line["number"] for line in lines[:written]] == list(range(1, written + 1))
    assert all(line["filler"] == "x" * 5000 for line in lines)
