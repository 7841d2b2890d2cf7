"""Homes short enough for sockets, tiny servers, and an MLflow with models."""

import contextlib
import json
import shutil
import socket
import tempfile
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess

from greenramp.home import Home


@pytest.fixture(scope="session")
def new_home() -> Iterator[Callable[[], Home]]:
    """Make homes of sites in folders whose path is short, since sockets lie in them."""
    made: list[Path] = []

    def make() -> Home:
        made.append(Path(tempfile.mkdtemp(prefix="gr-")))
        return Home(made[-1])

    yield make
    for root in made:
        shutil.rmtree(root)


@pytest.fixture
def home(new_home: Callable[[], Home]) -> Home:
    """Make the home of one site."""
    return new_home()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body
    disable_nagle_algorithm = True
    server: "Server"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.path == "/ping":
            self._answer(200, "pong")
            return
        self.server.hold.wait(20)
        seen = {"path": self.path, "method": self.command, "body": body, "headers": dict(self.headers.items())}
        if self.server.remember:
            self.server.seen.append(seen)
        self._answer(self.server.status, json.dumps(seen))

    do_POST = do_GET  # noqa: N815  (http.server names them so)

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(text.encode())))
        self.send_header("x-environment", self.server.name)
        self.send_header("x-model-version", "7")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None: ...


class Server(ThreadingHTTPServer):
    """A server that answers /ping well and everything else with `status`, its name and what it saw."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.name = name
        self.status = 200
        self.remember = False
        self.seen: list[dict[str, Any]] = []
        self.hold = threading.Event()
        self.hold.set()
        self._open: set[socket.socket] = set()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def die(self) -> None:
        """Vanish as a killed process does: nobody listens, and open connections break."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.hold.set()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None: ...


@pytest.fixture
def new_server() -> Iterator[Callable[..., Server]]:
    """Start servers that answer with the name they are given."""
    started: list[Server] = []

    def start(name: str, port: int = 0) -> Server:
        started.append(Server(name, port))
        return started[-1]

    yield start
    for server in started:
        server.die()


@pytest.fixture
def new_process() -> Iterator[Callable[..., ServerProcess]]:
    """Start servers that are processes of their own."""
    started: list[ServerProcess] = []

    def start(name: str, version: str = "7", pause: float = 0.0) -> ServerProcess:
        started.append(ServerProcess(name, version, pause))
        return started[-1]

    yield start
    for process in started:
        process.kill()


MODEL = """
import mlflow

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[int]:
        return [{answer}] * len(model_input)

mlflow.models.set_model(Model())
"""


@pytest.fixture(scope="session")
def runs(mlflow_uri: str, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Log a model in each of two runs; give their addresses."""
    import mlflow

    mlflow.set_tracking_uri(mlflow_uri)
    addresses = []
    for answer in (1, 2):
        code = tmp_path_factory.mktemp("code") / "model.py"
        code.write_text(MODEL.format(answer=answer))
        with warnings.catch_warnings(), mlflow.start_run() as run:
            warnings.simplefilter("ignore")  # MLflow warns of its own imports
            mlflow.pyfunc.log_model(name="model", python_model=str(code), pip_requirements=["mlflow"])
        addresses.append(f"runs:/{run.info.run_id}/model")
    return addresses


@pytest.fixture
def model(mlflow_uri: str, runs: list[str]) -> str:
    """Register a new model with three versions, of which 1 and 3 are the same; give its name."""
    import mlflow

    mlflow.set_tracking_uri(mlflow_uri)
    mlflow.set_registry_uri(mlflow_uri)
    name = f"fraud {uuid.uuid4().hex[:8]}"
    for address in (runs[0], runs[1], runs[0]):
        mlflow.register_model(address, name)
    return name


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the address of an MLflow server that is not there, asked once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return "http://127.0.0.1:1"
