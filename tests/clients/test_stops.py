"""Where a release can go on survives its process, and only one process works for a release."""

import signal
import subprocess
import sys

import pytest

from greenramp.clients.stops import add_asked, forget_stop, nobody_lives, read_asked, read_stop, sole_process
from greenramp.errors import Fenced
from greenramp.home import Home

HOLD = """
import sys, time
from pathlib import Path
from greenramp.clients.stops import sole_process
from greenramp.home import Home
with sole_process(Home(Path(sys.argv[1])), "r1"):
    print("mine", flush=True)
    time.sleep(60)
"""


def test_a_process_that_stands_still_keeps_its_release_until_it_is_dead(tmp_path):
    home = Home(tmp_path)
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "mine\n"
    other.send_signal(signal.SIGSTOP)
    assert not nobody_lives(home, "r1")
    with pytest.raises(Fenced, match="still lives"), sole_process(home, "r1"):
        pass
    assert nobody_lives(home, "r2")
    other.kill()
    other.wait()
    other.stdout.close()
    assert nobody_lives(home, "r1")
    with sole_process(home, "r1"):
        assert not nobody_lives(home, "r1")


@pytest.mark.parametrize("text", ["", "{", "{}", '{"release": "r1"}', "[]"])
def test_what_is_damaged_counts_as_nothing(tmp_path, text):
    home = Home(tmp_path)
    home.journals.mkdir()
    home.kept_stop("r1").write_text(text)
    assert read_stop(home, "r1") is None
    forget_stop(home, "r1")
    forget_stop(home, "r1")
    assert read_stop(home, "r1") is None


def test_runs_that_were_asked_for_are_counted_for_each_release(tmp_path):
    home = Home(tmp_path)
    assert [add_asked(home, "r1"), add_asked(home, "r1"), add_asked(home, "r2")] == [1, 2, 1]
    assert len(read_asked(home, "r1")) == 2
