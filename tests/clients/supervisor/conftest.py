"""A supervisord with nothing but what a test gives it."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest

from greenramp.clients.atomicfile import write_text
from greenramp.clients.supervisor import Program, Supervisor

SLEEPER = ["sleep", "600"]


class Site:
    """A supervisord with nothing but what a test gives it."""

    def __init__(self, home, eventually, *programs):
        self.home, self.eventually = home, eventually
        self.supervisor = Supervisor(home.supervisor_socket)
        for folder in (home.runtime, home.logs, home.programs):
            folder.mkdir(parents=True, exist_ok=True)
        text = [
            f"[unix_http_server]\nfile={home.supervisor_socket}\nchmod=0600\n",
            f"[supervisord]\nlogfile={home.logs / 'supervisord.log'}\npidfile={home.supervisor_pid}\n",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n",
            *[self.program(name, autostart=autostart).section() for name, autostart in programs],
            f"[include]\nfiles = {home.programs / '*.conf'}\n",
        ]
        write_text(home.supervisor_config, "\n".join(text))
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "--nodaemon", "--silent"]
        self.process = subprocess.Popen([*command, "--configuration", str(home.supervisor_config)])
        self.eventually(self.supervisor.running, "supervisord answers")

    def kill(self):
        """End supervisord and what it runs, at once."""
        children = self.supervisor.processes() if self.process.poll() is None else ()
        self.process.kill()
        self.process.wait(30)
        for child in children:
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)

    def program(self, name, command=SLEEPER, **more):
        return Program(name=name, command=command, log=self.home.logs / f"{name}.log", **more)

    def write_group(self, name, *programs):
        names = ",".join(program.name for program in programs)
        sections = "\n".join(program.section() for program in programs)
        write_text(self.home.programs / f"{name}.conf", f"[group:{name}]\nprograms={names}\n\n{sections}")

    def remove_group(self, name):
        (self.home.programs / f"{name}.conf").unlink(missing_ok=True)
        self.supervisor.remove_group(name)

    def run_group(self, name, command=SLEEPER, **more):
        """Take a group of one program on; give its process when it is there."""
        self.write_group(name, self.program(f"{name}.0", command, **more))
        self.supervisor.ensure_group(name)
        return self.wait(name, lambda process: process.pid)

    def wait(self, name, true):
        """Wait until the process of `name` is as wanted."""

        def look():
            processes = self.supervisor.group(name)
            return processes[0] if processes and true(processes[0]) else None

        return self.eventually(look, f"{name} is as wanted")

    def said(self, name, lines=1):
        """Wait until a program has written so many lines."""
        log = self.home.logs / f"{name}.log"
        self.eventually(lambda: log.exists() and log.read_text().count("\n") >= lines, f"{name} has spoken")
        return log.read_text().splitlines()


@pytest.fixture(scope="session")
def site(new_home, eventually):
    site = Site(new_home(), eventually, ("early", True), ("late", False))
    yield site
    site.kill()


@pytest.fixture
def own_site(home, eventually):
    site = Site(home, eventually)
    yield site
    site.kill()
