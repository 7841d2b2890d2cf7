"""Labels over HTTP: all of a request is taken or nothing, and every refusal says why."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from greenramp.clients.evidence_sources import OUTCOMES_TOKEN, labels_file
from greenramp.home import Home
from greenramp.site.collector import MAX_BODY_BYTES
from greenramp.site.settings import SiteSettings


class Collector:
    """A collector as a process of its own."""

    def __init__(self, folder: Path, token: str = "") -> None:
        (folder / "configs" / "services").mkdir(parents=True)
        (folder / "configs" / "services" / "fraud.yaml").write_text("model: fraud\n")
        self.home = Home(folder / "home")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        SiteSettings(self.home, "local", folder, folder / "configs", 1, 2, 3, 4, 5).write()
        around = {**os.environ, "GREENRAMP_HOME": str(self.home.root), OUTCOMES_TOKEN: token}
        self.process = subprocess.Popen([sys.executable, "-m", "greenramp.site.collector", str(port)], env=around)
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"{self.url}/health", timeout=5).raise_for_status()
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def post(self, body: bytes | str, service: str = "fraud", **headers: str) -> requests.Response:
        return requests.post(f"{self.url}/outcomes/{service}", data=body, headers=headers, timeout=30)

    def labels(self) -> list[dict[str, object]]:
        path = labels_file(self.home, "fraud")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) in (0, -signal.SIGTERM)


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    started = Collector(tmp_path_factory.mktemp("collector"))
    yield started
    started.end()


@pytest.fixture
def empty(collector):
    labels_file(collector.home, "fraud").unlink(missing_ok=True)
    return collector


ONE, TWO = {"id": "a1", "label": 1}, {"id": "a2", "label": [0, 1]}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n", id="lines"),
        pytest.param(json.dumps([ONE, TWO]), id="a list"),
        pytest.param(json.dumps([ONE, TWO], indent=2), id="a list on many lines"),
    ],
)
def test_labels_are_taken_in_every_form(empty, body):
    answer = empty.post(body)
    assert (answer.status_code, answer.json()) == (202, {"added": 2})
    assert empty.labels() == [ONE, TWO]


def test_one_object_is_one_label(empty):
    assert empty.post(json.dumps(ONE)).json() == {"added": 1}
    assert empty.labels() == [ONE]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        pytest.param("", "no label", id="nothing"),
        pytest.param("[]", "no label", id="an empty list"),
        pytest.param(f'{json.dumps(ONE)}\n{{"id": "a2"}}\n', "line 2: wanted", id="a line without a label"),
        pytest.param('[{"id": "a1", "label": null}]', "line 1: wanted", id="a label of nothing"),
        pytest.param("3", "line 1: wanted", id="a number"),
        pytest.param(b"\xff\xfe", "utf-8", id="no text"),
        pytest.param("{half", "line 1: wanted", id="half an object"),
    ],
)
def test_what_is_no_label_is_refused_whole_with_the_reason(empty, body, why):
    answer = empty.post(body)
    assert answer.status_code == 400
    assert why in answer.json()["error"]
    assert empty.labels() == []


def test_an_unknown_service_is_named_with_those_there_are(empty):
    answer = empty.post(json.dumps(ONE), service="fraud..%2Fx")
    assert answer.status_code == 404
    answer = empty.post(json.dumps(ONE), service="digits")
    assert answer.json() == {"error": "no service 'digits'; services: fraud"}
    assert empty.labels() == []


def test_a_body_that_is_too_large_is_refused_before_it_is_all_there(empty):
    answer = empty.post(b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    assert empty.labels() == []


def test_with_a_token_nothing_is_taken_without_it(tmp_path):
    guarded = Collector(tmp_path, token="s3cret")  # noqa: S106  (of a test)
    try:
        assert guarded.post(json.dumps(ONE)).status_code == 401
        assert guarded.post(json.dumps(ONE), authorization="Bearer wrong").status_code == 401
        assert guarded.labels() == []
        assert guarded.post(json.dumps(ONE), authorization="Bearer s3cret").status_code == 202
        assert guarded.labels() == [ONE]
    finally:
        guarded.end()
