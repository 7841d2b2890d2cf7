"""What a killed program has left running ends before its successor begins, and nothing else does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; print('on', flush=True); time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def started(home: Path, name: str, *words: str) -> subprocess.Popen[str]:
    around = {**os.environ, "GREENRAMP_HOME": str(home), "SUPERVISOR_PROCESS_NAME": name}
    return subprocess.Popen([sys.executable, *words], env=around, stdout=subprocess.PIPE, text=True)


def orphan(home: Path, name: str) -> psutil.Process:
    """The child of a program of this name that was killed."""
    with started(home, name, "-c", PARENT) as parent:
        lines = sorted(parent.stdout.readline().strip() for _ in range(2))  # both are up
        parent.send_signal(signal.SIGKILL)
    return psutil.Process(int(next(line for line in lines if line.isdigit())))


def test_what_a_killed_one_left_running_ends_and_then_the_program_runs_in_its_place(tmp_path):
    left = orphan(tmp_path, "mlflow")
    others = [orphan(tmp_path, "guard"), orphan(tmp_path / "elsewhere", "mlflow")]
    try:
        words = ["-m", "greenramp.site.successor", sys.executable, "-c", "print('here')"]
        said, _ = started(tmp_path, "mlflow", *words).communicate(timeout=60)
        assert said == f"ended what the one before had left running: {left.pid}\nhere\n"
        assert not left.is_running() or left.status() == psutil.STATUS_ZOMBIE
        assert all(other.is_running() and other.status() != psutil.STATUS_ZOMBIE for other in others)
    finally:
        for one in [left, *others]:
            if one.is_running():
                one.kill()


def test_a_first_start_ends_nothing_and_says_nothing(tmp_path):
    words = ["-m", "greenramp.site.successor", sys.executable, "-c", "print('here')"]
    said, _ = started(tmp_path, "mlflow", *words).communicate(timeout=60)
    assert said == "here\n"
