"""An Envoy starts only where nobody else listens, and comes back after a crash with the split on disk."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from greenramp.errors import ConfigError
from greenramp.site.edge import prepare
from greenramp.site.edgeport import foreign_listeners
from greenramp.site.programs import environment
from greenramp.site.status import read_status


@pytest.fixture
def stranger(unstarted):
    """Another program on the router's port, that would share it: its process."""
    code = (
        "import socket, sys, time\n"
        "s = socket.socket()\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
        f"s.bind(('127.0.0.1', {unstarted.settings.router_port}))\n"
        "s.listen()\n"
        "print('listens', flush=True)\n"
        "time.sleep(600)\n"
    )
    started = []

    def start():
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        started.append(process)
        process.stdout.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_nothing_of_ours_is_foreign(serving):
    assert serving.running == ["a", "b"]
    assert foreign_listeners(serving.settings) == []


def test_a_slot_does_not_share_the_port_with_another_program_and_names_it(unstarted, stranger):
    other = stranger()
    unstarted.write()
    unstarted.launch()
    unstarted.eventually(lambda: unstarted.process("a").state == "BACKOFF", "the slot gives up for now")
    log = (unstarted.home.logs / "envoy.log").read_text()
    assert f"error: port {unstarted.settings.router_port} is taken by python" in log
    assert f"(pid {other.pid}), which is no Envoy that this site runs" in log
    other.kill()
    unstarted.eventually(unstarted.ready, "it comes up once the port is free")


def test_an_envoy_that_its_supervisord_has_lost_is_foreign(site):
    stale = [site.process(slot).pid for slot in ("a", "b")]
    os.kill(int(site.home.supervisor_pid.read_text()), signal.SIGKILL)
    site.eventually(lambda: not site.supervisor.running(), "supervisord is gone")
    try:
        named = [f"envoy (pid {pid})" for pid in sorted(stale)]
        site.eventually(lambda: foreign_listeners(site.settings) == named, "both are named")
        with pytest.raises(ConfigError, match=rf"is taken by envoy \(pid {min(stale)}\)"):
            prepare(site.settings, "a")
    finally:
        for pid in stale:
            os.kill(pid, signal.SIGKILL)


def test_a_program_that_joins_the_port_later_is_named_and_a_restart_refused(serving, stranger):
    other, active = stranger(), serving.process("a").pid
    (named,) = read_status(serving.home).foreign
    assert f"(pid {other.pid})" in named
    with serving.command() as restart:
        told = restart.communicate(timeout=60)[0]
    assert restart.returncode == 1
    assert f"(pid {other.pid}), which is no Envoy that this site runs" in told
    assert serving.active == "a"
    assert serving.process("a").pid == active
    other.kill()
    serving.await_standby()


def test_a_listener_that_does_not_share_the_port_is_named_too(unstarted):
    unstarted.write()
    with socket.socket() as mine:
        mine.bind(("127.0.0.1", unstarted.settings.router_port))
        with pytest.raises(ConfigError, match="is taken by a program that can't be seen from here"):
            prepare(unstarted.settings, "a")
        mine.listen()
        with pytest.raises(ConfigError, match=rf"is taken by .*\(pid {os.getpid()}\)"):
            prepare(unstarted.settings, "a")


@pytest.mark.parametrize("restarts", [0, 1], ids=["in the first slot", "in the second slot"])
def test_without_a_standby_the_same_slot_comes_back_after_a_crash_with_the_split_on_disk(alone, users, restarts):
    for _ in range(restarts):
        alone.restart()
    slot = alone.active
    alone.share(100)
    end, died = users(alone), alone.process(alone.active).pid
    os.kill(died, signal.SIGKILL)
    alone.eventually(lambda: alone.process(slot).pid not in (0, died) and alone.ready(), "it is back", 10)
    time.sleep(1)
    seen = end()
    back = max(when for when, _ in seen.failures)
    assert alone.running == [slot] == [alone.active]
    assert seen.share_of_green(back, time.time()) == 1
    assert len([when for when, _ in seen.answers if when > back]) > 100


def test_the_command_line_of_a_slot_needs_no_slow_imports(unstarted):
    code = "import sys, greenramp.site.edge; print({m.partition('.')[0] for m in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(unstarted.settings), capture_output=True, text=True, check=True
    )
    for slow in ("mlflow", "prefect", "pydantic", "requests", "supervisor"):
        assert f"'{slow}'" not in done.stdout
