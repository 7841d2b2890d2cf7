"""A router as a site runs it: the real supervisord, the real Envoy in two slots; servers behind it, users before it."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from greenramp.clients.atomicfile import write_text
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import Upstream
from greenramp.clients.envoy.router import Router
from greenramp.clients.supervisor import Supervisor
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.site.envoys import fit, write_slot
from greenramp.site.programs import environment, folders, supervisor_file
from greenramp.site.restart import restart_router
from greenramp.site.settings import SiteSettings
from greenramp.site.slots import FIRST_SLOT, SLOTS, other_slot, read_active_slot, slot_program
from greenramp.site.steering import can_steer
from greenramp.traffic.handling import Edge
from greenramp.traffic.route import claim, leave, shift, switch
from greenramp.traffic.split import Side

HERE = Path(__file__).parent
SERVICE = "fraud"


def end_at_once(root):
    """Kill all that runs for the site in this folder: stopping it well takes seconds, and has tests of its own."""
    while mine := [process for process in psutil.process_iter() if belongs(process, root)]:  # one may just be started
        for process in mine:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(mine, timeout=20)


def belongs(process, root):
    with suppress(psutil.Error, OSError):
        if process.status() != psutil.STATUS_ZOMBIE:
            return str(root) in (process.environ().get("GREENRAMP_HOME", "") or " ".join(process.cmdline()))
    return False


class RouterSite:
    """A site of which only the router runs."""

    def __init__(self, root, eventually):
        self.eventually = eventually
        self.home = Home(root)
        self.router = Router(self.home)
        self.supervisor = Supervisor(self.home.supervisor_socket)
        self.said = []
        self.settings = SiteSettings(
            home=self.home,
            name="local",
            project=root,
            configs=root / "configs",
            router_port=free_port(),
            mlflow_port=free_port(),
            prefect_port=free_port(),
            outcomes_port=free_port(),
            webhooks_port=free_port(),
            first_environment_port=free_port(),
        )

    def write(self):
        for folder in folders(self.home):
            folder.mkdir(parents=True, exist_ok=True)
        edge = "edge: {standby: false}\n" * (not self.settings.edge.standby)
        self.configure(f"kind: local\nports: {{router: {self.settings.router_port}}}\n{edge}")
        self.settings.write()
        write_slot(self.settings, FIRST_SLOT, self.settings.edge)
        write_text(self.home.supervisor_config, supervisor_file(self.settings))

    def configure(self, text):
        write_text(self.settings.configs / "sites" / "local.yaml", text)

    def launch(self):
        """Start supervisord, and with it what it starts by itself."""
        command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", self.home.supervisor_config]
        subprocess.run(command, env=environment(self.settings), check=True, timeout=30)
        self.eventually(self.supervisor.running, "supervisord answers")

    def start(self):
        self.write()
        self.launch()
        self.eventually(self.ready, "Envoy is ready")
        if self.settings.edge.standby and can_steer():
            self.await_standby()

    def await_standby(self):
        self.eventually(self.stands_by, "another Envoy stands by")

    def stands_by(self):
        slot = self.active and other_slot(self.active)
        with suppress(Unreachable):
            return self.process(slot).state == "RUNNING" and fit(self.home, slot)

    def ready(self):
        return self._answers(Admin(self.home.admin_socket))

    def restart(self, edge=None, drain_seconds=30.0):
        restart_router(self.settings, edge or self.settings.edge, self.said.append, drain_seconds)

    @contextmanager
    def command(self, *more):
        """Run `greenramp restart-router`; ended when the block is."""
        with subprocess.Popen(
            [str(Path(sys.executable).parent / "greenramp"), "restart-router", *more],
            env=environment(self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            yield process
            process.kill()

    def start_both(self):
        """Leave what a restart leaves that is killed before its end; where none stands by, and no guard looks."""
        self.supervisor.ensure_stopped("guard")
        write_slot(self.settings, "b", self.settings.edge)
        self.supervisor.ensure_started("envoy-b")
        admin = Admin(self.home.slot_admin_socket("b"))
        self.eventually(lambda: self._answers(admin), "the second one runs")

    def _answers(self, admin):
        with suppress(Unreachable):
            return admin.ready()

    @property
    def active(self):
        return read_active_slot(self.home)

    def process(self, slot):
        return self.supervisor.group(slot_program(slot))[0]

    @property
    def running(self):
        """The slots in which an Envoy runs, or is about to."""
        return [slot for slot in SLOTS if self.process(slot).alive]

    def serve_from(self, ports):
        """Let blue serve, with green known beside it."""
        for side, port in zip((Side.BLUE, Side.GREEN), ports, strict=True):
            self.router.ensure_upstream(Upstream(SERVICE, side, (("127.0.0.1", port),), "7"))
        self.eventually(self._healthy, "both sides are healthy")
        self.router.change(SERVICE, lambda r: claim(r, "r0", time.time(), 60))
        self.router.change(SERVICE, lambda r: switch(r, "r0", time.time(), Side.BLUE, "switched"))
        self.router.change(SERVICE, lambda r: leave(r, "r0"))

    def _healthy(self):
        admin = Admin(self.home.admin_socket)
        return all(admin.healthy_members(f"{SERVICE}.{side}-candidate") for side in ("blue", "green"))

    def share(self, percent):
        """Give green a share of the traffic."""
        self.router.change(SERVICE, lambda r: claim(r, "r1", time.time(), 600))
        self.router.change(SERVICE, lambda r: shift(r, "r1", time.time(), percent, f"{percent} %"))


class Seen:
    """What users saw; times are seconds since the epoch."""

    def __init__(self, told):
        self.answers, self.failures = told["answers"], told["failures"]
        self.seconds, self.connections, self.kept = told["seconds"], told["connections"], told["kept"]

    def share_of_green(self, since, until):
        sides = [side for when, side in self.answers if since < when < until]
        return sides.count("green") / len(sides)


@pytest.fixture
def unstarted(eventually):
    """A router that does not run yet."""
    root = Path(tempfile.mkdtemp(prefix="gr-"))
    site = RouterSite(root, eventually)
    yield site
    end_at_once(root)
    shutil.rmtree(root)


@pytest.fixture
def site(unstarted):
    """A router that runs, with another Envoy that stands by and nothing behind it."""
    unstarted.start()
    return unstarted


@pytest.fixture
def serving(site):
    """A router with two servers behind it, of which blue serves."""
    with served(site):
        yield site


@pytest.fixture
def alone(unstarted):
    """The same where no second Envoy stands by."""
    unstarted.settings = replace(unstarted.settings, edge=Edge(standby=False))
    unstarted.start()
    with served(unstarted):
        yield unstarted


@contextmanager
def served(site):
    with subprocess.Popen([sys.executable, HERE / "model_servers.py"], stdout=subprocess.PIPE) as servers:
        site.serve_from(json.loads(servers.stdout.readline()))
        yield
        servers.kill()


@pytest.fixture
def users():
    """`users(site, rate)` starts them; what it gives ends them and tells what they saw."""
    started = []

    def start(site, rate=300):
        command = [sys.executable, HERE / "users.py", str(site.settings.router_port), str(rate)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        started.append(process)
        process.stdout.readline()

        def end():
            process.send_signal(signal.SIGTERM)
            return Seen(json.loads(process.communicate(timeout=60)[0]))

        return end

    yield start
    for process in started:
        process.kill()
        process.communicate()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
