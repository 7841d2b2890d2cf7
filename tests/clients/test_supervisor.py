"""supervisord does what it is told, and being told twice is once."""

import json
import shlex
import signal
import subprocess
import sys
import xmlrpc.client

import pytest

from greenramp.clients.atomicfile import write_text
from greenramp.clients.supervisor import Program, Supervisor
from greenramp.errors import NotConfirmed, Unreachable

SLEEPER = [sys.executable, "-c", "import signal; signal.pause()"]
TELLER = [
    sys.executable,
    "-c",
    "import json, os, signal, sys; print(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]), flush=True); "
    "signal.pause()",
]


class Site:
    """A supervisord with nothing but what a test gives it."""

    def __init__(self, home, eventually):
        self.home = home
        self.supervisor = Supervisor(home.supervisor_socket)
        self._eventually = eventually
        self._process = None

    def start(self, *programs):
        for folder in (self.home.runtime, self.home.logs, self.home.programs):
            folder.mkdir(parents=True, exist_ok=True)
        text = [
            f"[unix_http_server]\nfile={self.home.supervisor_socket}\nchmod=0600\n",
            f"[supervisord]\nlogfile={self.home.logs / 'supervisord.log'}\npidfile={self.home.supervisor_pid}\n",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n",
            *[program.section() for program in programs],
            f"[include]\nfiles = {self.home.programs / '*.conf'}\n",
        ]
        write_text(self.home.supervisor_config, "\n".join(text))
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "--nodaemon", "--silent"]
        self._process = subprocess.Popen([*command, "--configuration", str(self.home.supervisor_config)])
        self._eventually(self.supervisor.running, "supervisord answers")

    def end(self):
        if self._process:
            self._process.terminate()
            self._process.wait(30)

    def kill(self):
        self._process.kill()
        self._process.wait(30)
        self._process = None

    def write_group(self, name, *programs):
        names = ",".join(program.name for program in programs)
        sections = "\n".join(program.section() for program in programs)
        write_text(self.home.programs / f"{name}.conf", f"[group:{name}]\nprograms={names}\n\n{sections}")

    def forget_group(self, name):
        (self.home.programs / f"{name}.conf").unlink()

    def program(self, name, command=SLEEPER, **more):
        return Program(name=name, command=command, log=self.home.logs / f"{name}.log", **more)

    def await_state(self, name, state):
        return self._eventually(
            lambda: next((p for p in self.supervisor.processes() if (p.name, p.state) == (name, state)), None),
            f"{name} is {state}",
        )

    def told(self, name):
        self._eventually(lambda: (self.home.logs / f"{name}.log").exists(), "a log")
        text = self._eventually((self.home.logs / f"{name}.log").read_text, "the program has spoken")
        return json.loads(text.splitlines()[0])


@pytest.fixture
def site(home, eventually):
    site = Site(home, eventually)
    yield site
    site.end()


def test_nobody_there_is_said_with_the_place(home):
    assert not Supervisor(home.supervisor_socket).running()
    with pytest.raises(Unreachable, match=str(home.supervisor_socket)):
        Supervisor(home.supervisor_socket).processes()


def test_the_socket_is_the_owners_alone(site):
    site.start()
    assert site.home.supervisor_socket.stat().st_mode & 0o077 == 0


def test_programs_start_by_themselves_or_when_told(site):
    site.start(site.program("one"), site.program("two", autostart=False))
    one = site.await_state("one", "RUNNING")
    assert (one.group, one.alive, one.log) == ("one", True, site.home.logs / "one.log")
    (two,) = site.supervisor.group("two")
    assert (two.state, two.alive) == ("STOPPED", False)
    site.supervisor.ensure_started("two")
    site.await_state("two", "RUNNING")


def test_starting_and_stopping_twice_is_once(site):
    site.start(site.program("one"))
    first = site.await_state("one", "RUNNING")
    site.supervisor.ensure_started("one")
    assert site.await_state("one", "RUNNING").pid == first.pid
    for _ in range(2):
        site.supervisor.ensure_stopped("one")
        assert site.await_state("one", "STOPPED").pid == 0


def test_an_unknown_program_cannot_be_started_and_need_not_be_stopped(site):
    site.start()
    with pytest.raises(NotConfirmed, match="BAD_NAME: none"):
        site.supervisor.ensure_started("none")
    site.supervisor.ensure_stopped("none")


def test_a_program_that_dies_comes_back(site):
    site.start(site.program("one"))
    first = site.await_state("one", "RUNNING")
    subprocess.run(["kill", "-9", str(first.pid)], check=True)
    site._eventually(lambda: site.supervisor.group("one")[0].pid not in (0, first.pid), "a new process")


def test_a_final_exit_is_not_tried_again(site):
    gives_up = [sys.executable, "-c", "import sys, time; print('model does not load'); time.sleep(1.2); sys.exit(3)"]
    site.start(site.program("one", gives_up, restart="unexpected", final_exits=(0, 3)))
    ended = site.await_state("one", "EXITED")
    assert (ended.exit_status, ended.alive) == (3, False)
    assert ended.log.read_text() == "model does not load\n"


def test_a_program_that_is_not_there_is_said_why(site):
    site.start(site.program("one", ["/nowhere/to/be/found"], start_retries=0))
    ended = site.await_state("one", "FATAL")
    assert "can't find command '/nowhere/to/be/found'" in ended.error


# groups


def test_a_group_is_taken_on_from_its_file_while_supervisord_runs(site):
    site.start()
    site.write_group("fraud.green", site.program("fraud.green.0"), site.program("fraud.green.1"))
    site.supervisor.ensure_group("fraud.green")
    assert [p.name for p in site.supervisor.group("fraud.green")] == ["fraud.green.0", "fraud.green.1"]
    site.await_state("fraud.green.0", "RUNNING")
    site.await_state("fraud.green.1", "RUNNING")


def test_a_group_that_has_not_changed_keeps_its_processes(site):
    site.start()
    site.write_group("fraud.green", site.program("fraud.green.0"))
    site.supervisor.ensure_group("fraud.green")
    first = site.await_state("fraud.green.0", "RUNNING")
    site.supervisor.ensure_group("fraud.green")
    assert site.await_state("fraud.green.0", "RUNNING").pid == first.pid


def test_a_group_that_has_changed_is_started_anew(site):
    site.start()
    for word in ("first", "second"):
        site.write_group("fraud.green", site.program("fraud.green.0", [*TELLER, word]))
        site.supervisor.ensure_group("fraud.green")
        site.await_state("fraud.green.0", "RUNNING")
    said = [json.loads(line)[0] for line in (site.home.logs / "fraud.green.0.log").read_text().splitlines()]
    assert said == [["first"], ["second"]]


def test_another_group_is_left_alone(site):
    site.start()
    site.write_group("fraud.blue", site.program("fraud.blue.0"))
    site.supervisor.ensure_group("fraud.blue")
    first = site.await_state("fraud.blue.0", "RUNNING")
    site.write_group("fraud.green", site.program("fraud.green.0"))
    site.supervisor.ensure_group("fraud.green")
    site.forget_group("fraud.green")
    site.supervisor.remove_group("fraud.green")
    assert [(p.name, p.pid) for p in site.supervisor.processes()] == [("fraud.blue.0", first.pid)]


def test_removing_a_group_ends_its_processes_and_twice_is_once(site):
    site.start()
    site.write_group("fraud.green", site.program("fraud.green.0"))
    site.supervisor.ensure_group("fraud.green")
    site.await_state("fraud.green.0", "RUNNING")
    site.forget_group("fraud.green")
    for _ in range(2):
        site.supervisor.remove_group("fraud.green")
        assert site.supervisor.group("fraud.green") == ()


def test_a_group_without_a_file_is_not_confirmed(site):
    site.start()
    with pytest.raises(NotConfirmed, match=r"did not take on fraud\.green"):
        site.supervisor.ensure_group("fraud.green")


def test_a_file_that_supervisord_cannot_read_is_not_confirmed_and_says_so(site):
    site.start(site.program("one"))
    write_text(site.home.programs / "fraud.green.conf", "[program:fraud.green.0]\n")
    with pytest.raises(NotConfirmed, match="does not specify a command"):
        site.supervisor.ensure_group("fraud.green")
    site.await_state("one", "RUNNING")


def test_a_stubborn_program_is_killed_when_its_time_is_up(site):
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True)\nwhile 1: signal.pause()"
    site.start()
    program = site.program("fraud.green.0", [sys.executable, "-c", stubborn], stop_seconds=1)
    site.write_group("fraud.green", program)
    site.supervisor.ensure_group("fraud.green")
    site._eventually(lambda: program.log.exists() and program.log.read_text() == "deaf\n", "the program is deaf")
    site.forget_group("fraud.green")
    site.supervisor.remove_group("fraud.green")
    assert site.supervisor.processes() == ()


# what a program finds


ODD = {
    "PLAIN": "text",
    "SPACES": "two words",
    "COMMA": "a=1,b=2",
    "PERCENT": "100 %(x)s %%",
    "BACKSLASH": r"C:\temp\n",
    "SINGLE": "it's",
    "DOUBLE": 'say "hi" to me',
    "HASH": "a #b",
    "SEMICOLON": "a ;b",
    "EMPTY": "",
    "ACCENT": "Zürich",
}


@pytest.mark.parametrize("name", ODD)
def test_a_program_finds_its_environment_as_it_was_given(site, name):
    site.start(site.program("one", TELLER, environment={name: ODD[name], "AFTER": "still here"}))
    _, environment, _ = site.told("one")
    assert (environment[name], environment["AFTER"]) == (ODD[name], "still here")


def test_a_program_finds_its_words_as_they_were_given(site):
    words = ["two words", "it's", 'say "hi"', "100 %", "%(ENV_HOME)s", r"a\b", "", "a;b", "Zürich", "$HOME", "*"]
    site.start(site.program("one", [*TELLER, *words], folder=site.home.logs))
    found, _, folder = site.told("one")
    assert found == words
    assert folder == str(site.home.logs)


# the end


def test_shutdown_ends_every_program_and_supervisord(site):
    site.start(site.program("one"))
    site.await_state("one", "RUNNING")
    site.supervisor.shutdown()
    site._process.wait(30)
    assert not site.supervisor.running()


def test_a_supervisord_that_was_killed_is_unreachable(site):
    site.start()
    site.kill()
    with pytest.raises(Unreachable):
        site.supervisor.ensure_started("one")
