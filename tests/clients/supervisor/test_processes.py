"""supervisord does what it is told, and being told twice is once."""

import os
import signal
import sys

import pytest

from greenramp.clients.atomicfile import write_text
from greenramp.clients.supervisor import Supervisor
from greenramp.errors import NotConfirmed, Unreachable


def test_nobody_there_is_said_with_the_place(home):
    assert not Supervisor(home.supervisor_socket).running()
    with pytest.raises(Unreachable, match=str(home.supervisor_socket)):
        Supervisor(home.supervisor_socket).processes()


def test_the_socket_is_the_owners_alone(site):
    assert site.home.supervisor_socket.stat().st_mode & 0o077 == 0


def test_a_program_starts_by_itself_or_when_told_and_twice_is_once(site):
    early = site.wait("early", lambda process: process.alive)
    assert (early.name, early.group, early.log) == ("early", "early", site.home.logs / "early.log")
    assert not site.supervisor.group("late")[0].alive
    site.supervisor.ensure_started("late")
    started = site.wait("late", lambda process: process.alive and process.pid)
    site.supervisor.ensure_started("late")
    assert site.supervisor.group("late")[0].pid == started.pid


def test_stopping_twice_is_once(site):
    site.run_group("stopped.twice")
    for _ in range(2):
        site.supervisor.ensure_stopped("stopped.twice:stopped.twice.0")
        (stopped,) = site.supervisor.group("stopped.twice")
        assert (stopped.state, stopped.pid, stopped.alive) == ("STOPPED", 0, False)


def test_an_unknown_program_cannot_be_started_and_need_not_be_stopped(site):
    with pytest.raises(NotConfirmed, match="BAD_NAME: none"):
        site.supervisor.ensure_started("none")
    site.supervisor.ensure_stopped("none")


def test_a_program_that_dies_comes_back(site):
    first = site.run_group("dies")
    os.kill(first.pid, signal.SIGKILL)
    site.wait("dies", lambda process: process.pid not in (0, first.pid))


def test_a_final_exit_is_not_tried_again(site):
    gives_up = ["sh", "-c", "echo model does not load; sleep 1.1; exit 3"]
    site.run_group("gives.up", gives_up, restart="unexpected", final_exits=(0, 3))
    ended = site.wait("gives.up", lambda process: process.state == "EXITED")
    assert (ended.exit_status, ended.alive) == (3, False)
    assert ended.log.read_text() == "model does not load\n"


def test_a_program_that_is_not_there_is_said_why(site):
    site.write_group("missing", site.program("missing.0", ["/nowhere/to/be/found"], start_retries=0))
    site.supervisor.ensure_group("missing")
    ended = site.wait("missing", lambda process: process.state == "FATAL")
    assert "can't find command '/nowhere/to/be/found'" in ended.error


# groups


def test_a_group_is_taken_on_from_its_file_while_supervisord_runs(site):
    assert site.supervisor.group("fraud.green") == ()
    site.write_group("fraud.green", site.program("fraud.green.0"), site.program("fraud.green.1"))
    site.supervisor.ensure_group("fraud.green")
    assert [p.name for p in site.supervisor.group("fraud.green")] == ["fraud.green.0", "fraud.green.1"]
    site.wait("fraud.green", lambda process: process.alive)


def test_a_group_that_has_not_changed_keeps_its_processes_and_so_do_the_others(site):
    same, other = site.run_group("same"), site.run_group("other")
    site.supervisor.ensure_group("same")
    site.run_group("third")
    site.remove_group("third")
    assert site.supervisor.group("same")[0].pid == same.pid
    assert site.supervisor.group("other")[0].pid == other.pid


def test_a_group_that_has_changed_is_started_anew(site):
    for lines, word in ((1, "first"), (2, "second")):
        site.run_group("changed", ["sh", "-c", f"echo {word}; exec sleep 600"])
        said = site.said("changed.0", lines)
    assert said == ["first", "second"]


def test_removing_a_group_ends_its_processes_and_twice_is_once(site):
    removed = site.run_group("removed")
    for _ in range(2):
        site.remove_group("removed")
        assert site.supervisor.group("removed") == ()
    with pytest.raises(ProcessLookupError):
        os.kill(removed.pid, 0)


def test_a_stubborn_program_is_killed_when_its_time_is_up(site):
    deaf = "import signal; signal.signal(signal.SIGTERM, lambda *_: None); print('deaf', flush=True)"
    command = [sys.executable, "-S", "-c", f"{deaf}; [signal.pause() for _ in range(100)]"]
    stubborn = site.run_group("stubborn", command, stop_seconds=1)
    site.said("stubborn.0")
    site.remove_group("stubborn")
    with pytest.raises(ProcessLookupError):
        os.kill(stubborn.pid, 0)


def test_a_group_without_a_file_is_not_confirmed(site):
    with pytest.raises(NotConfirmed, match=r"did not take on fraud\.none"):
        site.supervisor.ensure_group("fraud.none")


def test_a_file_that_supervisord_cannot_read_is_not_confirmed_and_says_so(site):
    write_text(site.home.programs / "broken.conf", "[program:broken.0]\n")
    with pytest.raises(NotConfirmed, match="does not specify a command"):
        site.supervisor.ensure_group("broken")
    site.remove_group("broken")
    assert site.supervisor.running()


# the end


def test_shutdown_ends_every_program_and_supervisord(own_site):
    process = own_site.run_group("fraud.green")
    own_site.supervisor.shutdown()
    own_site.process.wait(30)
    assert not own_site.supervisor.running()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_a_supervisord_that_was_killed_is_unreachable(own_site):
    own_site.kill()
    with pytest.raises(Unreachable):
        own_site.supervisor.ensure_started("one")
