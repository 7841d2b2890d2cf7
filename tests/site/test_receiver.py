"""Webhooks over HTTP: what MLflow sends is kept before it is answered, and nothing else is."""

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
from own_servers import ask_rest, await_answer, bare_site, running

from greenramp.clients.atomicfile import read_json
from greenramp.clients.registrylook import MlflowRest
from greenramp.clients.wishbook import read_book
from greenramp.site.keys import webhook_secret
from greenramp.site.receiver import MAX_BODY_BYTES
from greenramp.triggers.deliveries import EVENTS, ID_HEADER, SIGNATURE_HEADER, TIME_HEADER, signature
from greenramp.triggers.wishes import WishState

GATE = "gates: [{metric: errors, name: errors, margin: 0.5}]"


class Receiver:
    """A receiver as a process of its own; no Prefect runs."""

    def __init__(self, folder: Path) -> None:
        self.site = bare_site(folder)
        self.home, self.port = self.site.home, self.site.webhooks_port
        self.secret = webhook_secret(self.home)
        self.around = {**os.environ, "GREENRAMP_HOME": str(self.home.root)}
        self.url = self.site.webhooks_url
        self.log = folder / "log"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "greenramp.site.receiver", str(self.port)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, env=self.around, stdout=log, stderr=log)
        await_answer(f"{self.url}/health")

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) in (0, -signal.SIGTERM)

    def add_service(self, name: str, triggers: str = "{}", model: str = "") -> str:
        text = f"model: {model or name}\ntriggers: {triggers}\n{GATE}\n"
        (self.site.configs / "services" / f"{name}.yaml").write_text(text)
        return name

    def headers(self, body: bytes, delivery: str, sent: float | None = None) -> dict[str, str]:
        moment = f"{time.time() if sent is None else sent:.0f}"
        return {
            ID_HEADER: delivery,
            TIME_HEADER: moment,
            SIGNATURE_HEADER: signature(self.secret, delivery, moment, body),
        }

    def post(self, body: bytes, delivery: str, sent: float | None = None, **changed: str) -> requests.Response:
        given = {**self.headers(body, delivery, sent), **{k.replace("_", "-"): v for k, v in changed.items()}}
        return requests.post(f"{self.url}/webhooks/mlflow", data=body, headers=given, timeout=30)

    def wishes(self, service: str) -> list[tuple[str, WishState]]:
        return [(wish.version, wish.state) for wish in read_book(self.home, service).wishes]

    def counts(self) -> dict[str, int]:
        return requests.get(f"{self.url}/health", timeout=30).json()["webhooks"]


def alias_set(model: str, version: str = "7") -> bytes:
    data = {"name": model, "alias": "challenger", "version": version}
    return json.dumps({"entity": "model_version_alias", "action": "created", "data": data}).encode()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    started = Receiver(tmp_path_factory.mktemp("receiver"))
    yield started
    started.end()
    assert started.secret not in started.log.read_text()


def test_an_alias_is_on_disk_by_the_time_it_is_answered(receiver):
    receiver.add_service("heard")
    answer = receiver.post(alias_set("heard"), "heard-1")
    assert (answer.status_code, answer.json()) == (200, {"outcome": "asked", "why": "heard"})
    assert receiver.wishes("heard") == [("7", WishState.ASKED)]


def test_every_service_of_the_model_is_asked_and_no_other(receiver):
    for name in ("shop-a", "shop-b"):
        receiver.add_service(name, model="basket")
    receiver.add_service("shop-c", "{alias: null}", model="basket")
    assert receiver.post(alias_set("basket"), "basket-1").json()["why"] == "shop-a, shop-b"
    assert receiver.wishes("shop-b") == [("7", WishState.ASKED)]
    assert receiver.wishes("shop-c") == []


def test_what_nobody_heeds_is_answered_well(receiver):
    answer = receiver.post(alias_set("unknown"), "unknown-1")
    assert (answer.status_code, answer.json()["outcome"]) == (200, "nothing asked")


def test_a_delivery_that_comes_twice_is_taken_once_also_after_a_restart(receiver):
    receiver.add_service("twice")
    body = alias_set("twice")
    assert receiver.post(body, "twice-1").json()["outcome"] == "asked"
    assert receiver.post(body, "twice-1").json()["outcome"] == "taken before"
    receiver.end()
    receiver.start()
    again = receiver.post(body, "twice-1")
    assert (again.status_code, again.json()["outcome"]) == (200, "taken before")
    assert receiver.wishes("twice") == [("7", WishState.ASKED)]


BODY = alias_set("refusing")


@pytest.mark.parametrize(
    ("body", "sent", "changed", "status", "reason"),
    [
        pytest.param(BODY, 0, {"x_mlflow_signature": "v1,AAAA"}, 401, "forged", id="forged"),
        pytest.param(BODY, 0, {"x_mlflow_delivery_id": "other"}, 401, "forged", id="under another id"),
        pytest.param(BODY, -400, {}, 401, "stale", id="replayed after its time"),
        pytest.param(BODY, 400, {}, 401, "stale", id="from the future"),
        pytest.param(BODY, 0, {"x_mlflow_timestamp": ""}, 400, "incomplete", id="without a time"),
        pytest.param(BODY[:-9], 0, {}, 400, "unreadable", id="half an event"),
        pytest.param(b"\xff\xfe\x00", 0, {}, 400, "unreadable", id="no text"),
        pytest.param(b'{"entity": 3}', 0, {}, 400, "unreadable", id="no event"),
        pytest.param(b" " * (MAX_BODY_BYTES + 1), 0, {}, 413, "too large", id="oversized"),
    ],
)
def test_what_is_not_mlflows_is_refused_counted_and_leaves_nothing(receiver, body, sent, changed, status, reason):
    receiver.add_service("refusing")
    before = receiver.counts().get(f"refused: {reason}", 0)
    answer = receiver.post(body, f"bad-{reason}-{len(body)}", time.time() + sent, **changed)
    assert (answer.status_code, answer.json()["outcome"]) == (status, "refused")
    assert receiver.counts()[f"refused: {reason}"] == before + 1
    assert receiver.wishes("refusing") == []


def test_a_body_that_is_cut_short_leaves_nothing(receiver, eventually):
    receiver.add_service("cut")
    body = alias_set("cut")
    lines = [f"{k}: {v}" for k, v in receiver.headers(body, "cut-1").items()]
    head = "\r\n".join(["POST /webhooks/mlflow HTTP/1.1", "host: x", f"content-length: {len(body)}", *lines, "", ""])
    with socket.create_connection(("127.0.0.1", receiver.port)) as connection:
        connection.sendall(head.encode() + body[:-5])
    eventually(lambda: receiver.counts().get("refused: broken off"), "it is counted")
    assert receiver.wishes("cut") == []


def test_what_could_not_be_kept_is_taken_when_it_comes_again(receiver):
    receiver.add_service("damaged")
    book = receiver.home.wishes / "damaged.json"
    book.write_text("{half")
    body = alias_set("damaged")
    assert receiver.post(body, "damaged-1").status_code == 503
    book.unlink()
    assert receiver.post(body, "damaged-1").json()["outcome"] == "asked"


def test_the_deliveries_that_are_remembered_stay_few(receiver):
    receiver.post(alias_set("unknown"), "few-1")
    path = receiver.home.wishes / "deliveries" / "taken.json"
    taken = read_json(path)["taken"]
    path.write_text(json.dumps({"format": 1, "taken": {**taken, "old": time.time() - 3600}}))
    receiver.post(alias_set("unknown"), "few-2")
    assert {"few-1", "few-2"} <= set(read_json(path)["taken"])
    assert "old" not in read_json(path)["taken"]


def test_deliveries_that_were_taken_before_the_file_had_a_format_stay_taken(receiver):
    path = receiver.home.wishes / "deliveries" / "taken.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"early-1": time.time()}))
    assert receiver.post(alias_set("unknown"), "early-1").json()["outcome"] == "taken before"


def test_a_damaged_list_of_taken_deliveries_keeps_none_from_being_taken(receiver):
    (receiver.home.wishes / "deliveries" / "taken.json").write_text('{"format": 1, "tak')
    assert receiver.post(alias_set("unknown"), "hurt-1").status_code == 200
    assert receiver.post(alias_set("unknown"), "hurt-1").json()["outcome"] == "taken before"


@pytest.fixture(scope="module")
def mlflow(receiver):
    """MLflow as the site runs it."""
    with running(receiver.site, "mlflow") as address:
        yield MlflowRest(address)


def test_a_real_mlflow_tells_of_an_alias_and_is_believed(receiver, mlflow, eventually):
    receiver.add_service("real")
    address = f"{receiver.url}/webhooks/mlflow"
    assert mlflow.ensure_webhook("greenramp", address, EVENTS, "an older secret")
    assert not mlflow.ensure_webhook("greenramp", address, EVENTS, receiver.secret)

    def order(path, **body):
        ask_rest("POST", f"{receiver.site.mlflow_url}/api/2.0/mlflow/{path}", body)

    order("registered-models/create", name="real")
    order("model-versions/create", name="real", source="s3://nowhere/model")
    order("registered-models/alias", name="real", alias="challenger", version="1")
    eventually(lambda: receiver.wishes("real"), "the webhook has come", 60)
    assert receiver.wishes("real") == [("1", WishState.ASKED)]
    seen = mlflow.look("real")
    assert seen.aliases == {"challenger": "1"}
    assert [(v.version, v.stage) for v in seen.versions] == [("1", "None")]


def test_a_model_that_is_not_registered_has_nothing(mlflow):
    seen = mlflow.look("it's nobody's")
    assert (seen.aliases, seen.versions) == ({}, ())
