"""The server as the one who starts it sees it: answers, log and signals of a real process."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
NAMES = {"x-model-version": "7", "x-environment": "blue", "x-service": "fraud"}


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    text: str


class Server(NamedTuple):
    """A server process that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    stderr: Path

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        """Make one request; `x_request_id="7"` sends the header `x-request-id: 7`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read().decode())

    def score(self, request_id: str, what: str, how: str | int) -> Reply:
        """Ask the odd model for a prediction."""
        body = json.dumps({"dataframe_split": {"columns": ["what", "how"], "data": [[what, how]]}})
        return self.ask("POST", "/invocations", body, content_type="application/json", x_request_id=request_id)

    def begin(self, request_id: str, gate: Path) -> "Future[Reply]":
        """Start a request that is answered once the file `gate`.end exists; return when the model works on it."""
        reply: Future[Reply] = Future()
        threading.Thread(target=lambda: reply.set_result(self.score(request_id, "wait", str(gate)))).start()
        wait_until(Path(f"{gate}.begun").exists, "the model works on the request")
        return reply

    def lines(self) -> list[dict[str, Any]]:
        """Read the whole prediction log, both files, up to the last line that is complete."""
        texts = [path.read_text() for path in (Path(f"{self.log}.1"), self.log) if path.exists()]
        return [json.loads(line) for text in texts for line in text.split("\n")[:-1]]

    def line(self, request_id: str) -> dict[str, Any]:
        """Wait for the log line of a request."""

        def found() -> dict[str, Any] | None:
            return next((line for line in self.lines() if line.get("id") == request_id), None)

        return wait_until(found, f"a log line of {request_id}")

    def refuses_connections(self) -> bool:
        """Look whether nobody listens any more."""
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) != 0


def wait_until(true: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Look again and again until `true()` is; return what it returned."""
    deadline = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return value


@contextlib.contextmanager
def serving(model: Path, folder: Path, *more: str) -> Iterator[Server]:
    """Run a server until the block ends."""
    log, stderr = folder / "predictions.log", folder / "stderr"
    names = ["--service", "fraud", "--environment", "blue", "--model-version", "7"]
    command = [
        sys.executable,
        "-m",
        "greenramp.serving",
        "--model",
        str(model),
        *names,
        "--log",
        str(log),
        "--port",
        "0",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "true"}
    with stderr.open("wb") as sink:
        process = subprocess.Popen([*command, *more], env=environment, stderr=sink)

    def port() -> int:
        assert process.poll() is None, stderr.read_text()
        found = re.search(r"is ready on [\d.]+:(\d+)", stderr.read_text())
        return int(found[1]) if found else 0

    try:
        yield Server(process, wait_until(port, "the server is ready"), log, stderr)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(models, tmp_path_factory) -> Iterator[Server]:
    """Run one server of the odd model for all tests that do not stop it."""
    with serving(models["odd"], tmp_path_factory.mktemp("server"), "--log-megabytes", "1") as running:
        yield running


def test_answers_carry_names_and_the_request_id_and_no_server_name(server):
    replies = [server.ask("GET", path, x_request_id="r-1") for path in ("/ping", "/nowhere")]
    replies.append(server.score("r-1", "repeat", 2))
    assert [reply.status for reply in replies] == [200, 404, 200]
    for reply in replies:
        assert {**NAMES, "x-request-id": "r-1"}.items() <= reply.headers.items()
        assert "server" not in reply.headers
    assert json.loads(replies[-1].text) == {"predictions": ["xx"]}


def test_scored_requests_are_in_the_log_and_health_checks_are_not(server):
    began = time.time()
    server.ask("GET", "/ping", x_request_id="health")
    server.score("logged", "repeat", 2)
    line = server.line("logged")
    assert began <= line.pop("ts") <= time.time()
    assert line.pop("ms") > 0
    names = {"service": "fraud", "environment": "blue", "version": "7"}
    assert line == {"v": 1, "id": "logged", **names, "status": 200, "bytes": 23, "rows": 1, "predictions": ["xx"]}
    assert "health" not in {line.get("id") for line in server.lines()}


def test_a_failing_model_is_in_the_log_with_its_reason(server):
    assert server.score("failing", "fail", "error").status == 400
    line = server.line("failing")
    assert (line["status"], line["predictions"]) == (400, None)
    assert "unexpected error while evaluating the model" in line["error"]


def test_health_checks_are_answered_while_a_prediction_runs(server, tmp_path):
    slow = server.begin("slow", tmp_path / "gate")
    assert server.ask("GET", "/ping").status == 200
    assert server.score("quick", "repeat", 1).status == 200
    assert not slow.done()
    (tmp_path / "gate.end").touch()
    assert slow.result(60).status == 200


def test_too_large_a_body_is_refused_and_the_connection_lives_on(server):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("POST", "/invocations", b"x" * 17_000_000, {"content-type": "application/json"})
        refused = connection.getresponse()
        assert (refused.status, b"16777216" in refused.read()) == (413, True)
        connection.request("GET", "/ping")
        assert connection.getresponse().status == 200


def test_the_log_is_private_and_never_outgrows_its_limit(server):
    for number in range(40):  # of 60 000 characters each
        server.score(f"large-{number}", "repeat", 60_000)
    assert server.line("large-39")["predictions"] == ["x" * 60_000]
    files = [server.log, Path(f"{server.log}.1")]
    assert all(0 < path.stat().st_size <= 1024 * 1024 for path in files)
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.parametrize("stopping", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_server_finishes_its_request_and_its_log(models, tmp_path, stopping):
    with serving(models["odd"], tmp_path) as server:
        slow = server.begin("last", tmp_path / "gate")
        server.process.send_signal(stopping)
        wait_until(server.refuses_connections, "the server takes no more connections")
        assert not slow.done()
        (tmp_path / "gate.end").touch()
        reply = slow.result(60)
        assert (reply.status, json.loads(reply.text)) == (200, {"predictions": ["waited"]})
        assert server.process.wait(60) == 0
        assert [(line["id"], line["status"]) for line in server.lines()] == [("last", 200)]


def test_a_prediction_longer_than_the_drain_time_does_not_keep_the_server(models, tmp_path):
    with serving(models["odd"], tmp_path, "--drain-seconds", "1") as server:
        slow = server.begin("stuck", tmp_path / "gate")
        server.process.send_signal(signal.SIGTERM)
        assert slow.result(60).status == 503
        assert server.process.wait(60) == 0
        assert [(line["id"], line["status"]) for line in server.lines()] == [("stuck", 503)]
        assert "stopped with a prediction still running" in server.stderr.read_text()


def test_inputs_are_logged_where_that_is_asked_for(models, tmp_path):
    with serving(
        models["odd"],
        tmp_path,
        "--log-inputs",
        "rows",
        "--log-columns",
        "how,none",
        "--log-headers",
        "X-Request-Id,x-none",
    ) as server:
        assert server.score("good", "repeat", 2).status == 200
        assert server.score("bad", "fail", "error").status == 400
        assert server.line("good")["inputs"] == {"columns": ["how"], "rows": [[2]]}
        assert server.line("good")["headers"] == {"X-Request-Id": "good"}
        assert server.line("bad")["inputs"] == {"columns": ["how"], "rows": [["error"]]}
