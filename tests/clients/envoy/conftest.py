"""The real Envoy on a free port, and what stands behind it."""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from server_process import ServerProcess
from steady_load import SteadyLoad

from greenramp.clients.atomicfile import read_json, write_json
from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.bootstrap import bootstrap
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.router import Router
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.jsonlines import JsonLines
from greenramp.clients.unixhttp import request
from greenramp.errors import Unreachable
from greenramp.home import Home
from greenramp.measures.traffic_log import taken_apart
from greenramp.traffic.handling import Edge, Handling
from greenramp.traffic.route import claim, leave, switch
from greenramp.traffic.split import Side

SECRET = bytes(range(16))
"""Under which the edge hashes users' keys; the published test vectors of SipHash use it."""


class Answer(NamedTuple):
    """What a user got. name: of the server that answered, empty when Envoy answered itself."""

    status: int
    text: str
    headers: dict[str, str]
    name: str


class Site:
    """One Envoy with its files, and the ways to it."""

    def __init__(self, home: Home, eventually: Callable[..., Any]) -> None:
        self.home = home
        self.router = Router(home)
        self.admin = Admin(home.admin_socket)
        self.eventually = eventually
        self.log = home.logs / "envoy.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._logged_before = 0
        self.edge = Edge()
        self.port = _free_port()
        for folder in (home.runtime, home.logs, home.xds, home.request_log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self.router.ensure_files()

    def start(self) -> None:
        """Start Envoy, on the port it had before if there was one, and see it take its files."""
        self.launch()
        self.eventually(self._ready, "Envoy is ready")

    def launch(self) -> None:
        """Start Envoy, whatever its files are like."""
        write_json(self.home.bootstrap, bootstrap(self.home, self.port, self.edge, SECRET))
        command = [str(Path(sys.executable).parent / "envoy"), "-c", str(self.home.bootstrap)]
        command += ["--disable-hot-restart", "--concurrency", "1", "--reject-unknown-dynamic-fields"]
        command += ["--file-flush-interval-msec", "20", "--drain-time-s", "5", "--log-level", "warning"]
        with self.log.open("ab") as sink:
            self._process = subprocess.Popen(command, stdout=sink, stderr=sink)

    def _ready(self) -> bool:
        try:
            return self.admin.ready() and bool(self.admin.accepted_routes().version)
        except Unreachable:
            return False

    def make_new(self) -> None:
        """Forget every service and environment, and all that was logged."""
        versions = [int(read_json(self.home.xds / name)["version_info"]) for name in ("rds.json", "cds.json")]
        write_json(self.home.xds / "rds.json", route_file((), versions[0] + 1))
        write_json(self.home.xds / "cds.json", cluster_file((), versions[1] + 1))
        ended = self._process.poll() if self._process else None
        if self._process is None or ended is not None:
            self.start()
        assert ended is None, f"Envoy had ended by itself, {ended}; its last words: {self.log.read_text()[-2000:]}"
        self.eventually(lambda: self.admin.accepted_routes().version == str(versions[0] + 1), "routes are forgotten")
        self.eventually(lambda: self.admin.accepted_clusters().version == str(versions[1] + 1), "so are clusters")
        now = time.time()
        self.ask("/")
        self.eventually(lambda: any(float(row["ts"]) >= now for row in self._logged()), "everything so far is logged")
        self._logged_before = self.home.request_log.stat().st_size

    def _logged(self) -> list[dict[str, Any]]:
        return [dict(taken_apart(row)) for row in JsonLines(self.home.request_log, self._logged_before).read_new()]

    def kill(self) -> None:
        """End Envoy as a crash does."""
        if self._process:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def add(self, service: str, side: Side, *servers: Any, version: str = "7") -> None:
        """Make servers known as one side of a service, and see them healthy."""
        self.router.ensure_upstream(Upstream(service, side, tuple(s.server_address for s in servers), version))
        cluster = f"{service}.{side.value}-candidate"
        self.eventually(lambda: self.admin.healthy_members(cluster) == len(servers), f"{cluster} is healthy")

    def serve(self, service: str, side: Side) -> None:
        """Let one side serve, as a release leaves it."""
        self.claim(service, "r0")
        self.router.change(service, lambda r: switch(r, "r0", time.time(), side, "switched"))
        self.router.change(service, lambda r: leave(r, "r0"))

    def claim(self, service: str, owner: str = "r1", lease_seconds: float = 60) -> None:
        """Take a service for a release."""
        self.router.change(service, lambda r: claim(r, owner, time.time(), lease_seconds))

    @contextlib.contextmanager
    def connected(self) -> Iterator[Callable[..., Answer]]:
        """Give a function that asks over one connection, which is faster than `ask`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

        def ask(path: str, user: str | None = None, method: str = "GET", body: str = "", **headers: str) -> Answer:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            if user is not None:
                named["x-user-id"] = user
            connection.request(method, path, body.encode() if body else None, named)
            answer = connection.getresponse()
            told = {k.lower(): v for k, v in answer.getheaders()}
            return Answer(answer.status, answer.read().decode(), told, told.get("x-environment", ""))

        with contextlib.closing(connection):
            yield ask

    def ask(self, path: str, user: str | None = None, **more: Any) -> Answer:
        """Make one request over a connection of its own."""
        with self.connected() as ask:
            return ask(path, user, **more)

    def say(self, raw: bytes) -> bytes:
        """Send bytes just as they are; give the first of what comes back, nothing when the connection is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            with contextlib.suppress(ConnectionError):  # an answer may come before all is sent
                connection.sendall(raw)
            with contextlib.suppress(ConnectionError):
                return connection.recv(65536)
        return b""

    def counted(self, counter: str) -> int:
        """Read one of Envoy's counters."""
        text = request(self.home.admin_socket, "GET", f"/stats?filter=^{counter}$").decode()
        return int(text.removeprefix(f"{counter}: "))

    def handle(self, service: str, **handling: Any) -> None:
        """Have the router handle a service's requests so."""
        self.router.change(service, lambda r: replace(r, handling=Handling(**handling)))

    def who_answers(self, service: str, users: list[str]) -> dict[str, str]:
        """Ask once for each user; give the server that answered."""
        with self.connected() as ask:
            return {user: ask(f"/{service}/invocations", user).name for user in users}

    def rows(self, count: int, service: str = "fraud") -> list[dict[str, Any]]:
        """Wait until the request log holds so many rows of a service; give them, and those of no service."""

        def of_service() -> int:
            return sum(str(row["cluster"]).startswith(f"{service}.") for row in self._logged())

        self.eventually(lambda: of_service() >= count, f"{count} rows of {service} in the request log")
        return self._logged()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def envoy(new_home: Callable[[], Home], eventually: Callable[..., Any]) -> Iterator[Site]:
    """Start one Envoy for all tests."""
    site = Site(new_home(), eventually)
    site.start()
    yield site
    site.kill()


@pytest.fixture
def with_edge(new_home: Callable[[], Home], eventually: Callable[..., Any]) -> Iterator[Callable[[Edge], Site]]:
    """Start Envoys of one's own, each with the edge that is wanted."""
    started: list[Site] = []

    def start(edge: Edge) -> Site:
        started.append(Site(new_home(), eventually))
        started[-1].edge = edge
        started[-1].start()
        return started[-1]

    yield start
    for site in started:
        site.kill()


@pytest.fixture
def site(envoy: Site) -> Site:
    """Give an Envoy with nothing behind it, as if it had just been started."""
    envoy.make_new()
    return envoy


@pytest.fixture
def blue(site: Site, new_server: Callable[..., Any]) -> Any:
    """Start the live side of the service fraud."""
    server = new_server("blue")
    site.add("fraud", Side.BLUE, server)
    site.serve("fraud", Side.BLUE)
    return server


@pytest.fixture
def green(site: Site, blue: Any, new_server: Callable[..., Any]) -> Any:
    """Start a candidate beside the live side, without any share yet."""
    server = new_server("green")
    site.add("fraud", Side.GREEN, server, version="8")
    return server


@pytest.fixture
def processes(site: Site, new_process: Callable[..., ServerProcess]) -> tuple[ServerProcess, ServerProcess]:
    """Start the live side of fraud and a candidate, as processes; each answer takes long enough for some to be open."""
    blue, green = new_process("blue", pause=0.04), new_process("green", "8", pause=0.04)
    site.add("fraud", Side.BLUE, blue)
    site.serve("fraud", Side.BLUE)
    site.add("fraud", Side.GREEN, green, version="8")
    return blue, green


@pytest.fixture
def load(site: Site) -> SteadyLoad:
    """Give users of fraud at a steady rate."""
    return SteadyLoad(site.port, "/fraud/invocations", 320)
