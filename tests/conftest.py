"""Time limits that hold on a busy machine, waiting without sleeping blindly, MLflow, a receiver of messages."""

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show why a test failed that then passed, or failed otherwise, when it was tried once more."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"the first try of {report.nodeid}")
        terminalreporter.line(report.longreprtext)


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Look again and again until `true()` is; give what it returned."""

    def wait(true: Callable[[], Any], what: str, seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (value := true()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.005)
        return value

    return wait


@pytest.fixture(scope="session")
def mlflow_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Make an MLflow store with its artifacts beside it."""
    import mlflow
    from mlflow.tracking import MlflowClient

    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder}/mlflow.db"
    before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
    with contextlib.chdir(folder):  # without a server, artifacts go below the folder the store was first opened in
        MlflowClient(tracking_uri=uri).search_experiments()
    yield uri
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri("")
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent. It answers with `status`, below /hangs once `hold` is set; GETs by `answers`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.hold = 200, threading.Event()
        self.got: list[tuple[dict[str, Any], dict[str, str]]] = []
        self.answers: dict[str, Any] = {}

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"

    @property
    def titles(self) -> list[str]:
        """Of the messages so far."""
        return [message["title"] for message, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.startswith("/hangs"):
            self.server.hold.wait(20)
        if self.server.status == 200:
            self.server.got.append((message, dict(self.headers)))
        self.send_response(self.server.status)
        self.end_headers()

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path)
        self.send_response(200 if answer else 404)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Start a server that messages are sent to, as json://<address>."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.hold.set()
        server.shutdown()
        thread.join()
