"""What our application adds to MLflow's: names on every answer, limits, and a record of each scored request."""

import asyncio
import json
import uuid

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.serving.app import Limits, ServingApp
from greenramp.serving.identity import Identity
from greenramp.serving.logline import line_for
from greenramp.serving.scoring import Answer

IDENTITY = Identity("fraud", "blue", "7")
NAMES = {"x-model-version": "7", "x-environment": "blue", "x-service": "fraud"}
ROW = {"dataframe_records": [{"age": 25, "income": 1.0, "city": "Ulm"}]}


def ask(app, method, path, **more) -> httpx.Response:
    """Make one request to our application."""
    return asyncio.run(app.ask(app.ours, method, path, **more))


def score(app, **more) -> httpx.Response:
    """Make one request for predictions."""
    return ask(app, "POST", "/invocations", **more)


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/ping", {}, 200),
        ("GET", "/version", {}, 200),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/invocations", {}, 405),
        ("POST", "/invocations", {"json": ROW}, 200),
        ("POST", "/invocations", {"json": []}, 400),
        ("POST", "/invocations", {"content": "<a/>", "headers": {"content-type": "application/xml"}}, 415),
    ],
)
def test_every_answer_says_who_gave_it(app_of, method, path, more, status):
    answer = ask(app_of("frame"), method, path, **more)
    assert answer.status_code == status
    assert NAMES.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("path", ["/ping", "/nowhere", "/invocations"])
def test_a_request_id_comes_back(app_of, path):
    answer = ask(app_of("frame"), "POST", path, headers={"x-request-id": "r-1"}, json=ROW)
    assert answer.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize("headers", [{}, {"x-request-id": ""}], ids=["missing", "empty"])
def test_a_request_without_an_id_is_given_one(app_of, headers):
    app = app_of("frame")
    answer = score(app, headers=headers, json=ROW)
    assert uuid.UUID(answer.headers["x-request-id"]).version == 4
    assert app.records[-1].request_id == answer.headers["x-request-id"]


def test_a_missing_content_type_is_refused_with_a_reason(app_of):
    answer = score(app_of("frame"), content=json.dumps(ROW))
    assert answer.status_code == 415
    assert "no Content-Type" in answer.text


def test_a_body_over_the_limit_is_refused(app_of):
    answer = score(app_of("frame"), content=b"x" * 100_001, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert "100000 bytes" in answer.text


def test_a_body_at_the_limit_is_read(app_of):
    body = json.dumps(ROW).ljust(100_000)
    assert score(app_of("frame"), content=body, headers={"content-type": "application/json"}).status_code == 200


def test_a_body_in_many_pieces_is_put_together(app_of):
    async def pieces():
        for character in json.dumps(ROW):
            yield character.encode()

    assert score(app_of("frame"), content=pieces(), headers={"content-type": "application/json"}).status_code == 200


def test_health_checks_fail_while_the_server_drains_and_predictions_do_not(app_of):
    app = app_of("frame")
    app.ours.is_draining = lambda: True
    try:
        assert [ask(app, "GET", path).status_code for path in ("/ping", "/health", "/version")] == [503, 503, 200]
        assert score(app, json=ROW).status_code == 200
    finally:
        app.ours.is_draining = lambda: False


def test_each_request_for_predictions_is_recorded_and_no_other(app_of):
    app = app_of("frame")
    app.records.clear()
    ask(app, "GET", "/ping")
    ask(app, "GET", "/invocations")
    score(app, json=ROW, headers={"x-request-id": "good"})
    score(app, json=[], headers={"x-request-id": "bad"})
    assert [(record.request_id, record.status) for record in app.records] == [("good", 200), ("bad", 400)]
    good, bad = app.records
    assert json.loads(good.answer)["predictions"]
    assert good.error is None
    assert good.duration_ms > 0
    assert "Received a list" in bad.error
    assert not good.copy


def test_a_copy_of_a_request_is_recorded_as_one(app_of):
    app = app_of("frame")
    app.records.clear()
    score(app, json=ROW, headers={"x-greenramp-shadow": "1"})
    assert [record.copy for record in app.records] == [True]


def test_a_model_that_wants_to_leave_the_process_costs_one_request_only(app_of):
    app = app_of("odd")
    request = {"dataframe_split": {"columns": ["what", "how"], "data": [["fail", "exit"]]}}
    assert score(app, json=request).status_code == 500
    assert app.records[-1].error == "SystemExit: the model wants to leave"
    assert ask(app, "GET", "/ping").status_code == 200


class Echo:
    """Scores nothing; answers at once."""

    async def score(self, body: bytes, content_type: str) -> Answer:
        """Answer what it was asked."""
        return Answer(200, "application/json", json.dumps({"predictions": [content_type, body.decode()]}))


def echoed(*, keep_inputs: bool = False, keep_headers=()):
    """Make a request to an application without a model; return its record."""
    records = []
    app = ServingApp(None, Echo(), IDENTITY, records.append, Limits(1000, 60), keep_inputs, keep_headers)

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    async def send(_message):
        pass

    headers = [(b"content-type", b"application/json"), (b"x-device", b"phone")]
    asyncio.run(app({"type": "http", "method": "POST", "path": "/invocations", "headers": headers}, receive, send))
    return records[0]


def test_what_was_asked_is_recorded_only_where_it_is_to_be_kept():
    assert echoed(keep_inputs=True).body == b"{}"
    assert echoed().body is None


def test_headers_are_recorded_only_where_they_are_named_and_sent():
    assert echoed(keep_headers=["X-Device", "x-country"]).headers == {"X-Device": "phone"}
    assert echoed().headers is None


@given(request_id=st.binary(max_size=300))
def test_any_request_id_leads_to_one_valid_line_and_is_sent_back_as_it_came(request_id):
    records, sent = [], []
    app = ServingApp(None, Echo(), IDENTITY, records.append, Limits(1000, 60))
    headers = [(b"content-type", b"application/json"), (b"x-request-id", request_id)]

    async def receive():
        return {"type": "http.request", "body": b"{}"}

    async def send(message):
        sent.append(message)

    asyncio.run(app({"type": "http", "method": "POST", "path": "/invocations", "headers": headers}, receive, send))
    line = line_for(records[0], IDENTITY)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert json.loads(line)["status"] == 200
    assert dict(sent[0]["headers"])[b"x-request-id"] == request_id or not request_id


def test_a_client_that_hangs_up_before_it_has_sent_all_leaves_no_record():
    records, sent = [], []
    app = ServingApp(None, Echo(), IDENTITY, records.append, Limits(1000, 60))

    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    asyncio.run(app({"type": "http", "method": "POST", "path": "/invocations", "headers": headers}, receive, send))
    assert (records, sent) == ([], [])
