"""The scoring protocol is MLflow's: same requests, same answers, on two models and a wide range of mistakes."""

import asyncio
import io
import json

import httpx
import pandas as pd
import pytest

FRAME = pd.DataFrame({"age": [25, 35], "income": [1.0, 2.0], "city": ["Ulm", "Rome"]})
SPLIT = {"dataframe_split": FRAME.to_dict(orient="split")}
RECORDS = {"dataframe_records": FRAME.to_dict(orient="records")}
COLUMNS = FRAME.to_dict(orient="list")
TENSOR = [[1.0, 2.0], [3.0, 4.0]]
JSON = "application/json"
PARQUET = "application/vnd.apache.parquet"


def parquet(frame: pd.DataFrame) -> bytes:
    """Write a frame as Parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def odd(what: str, how: str | int = "") -> dict[str, object]:
    """Make a request to the odd model."""
    return {"dataframe_split": {"columns": ["what", "how"], "data": [[what, how]]}}


ANSWERED = {
    "split": ("frame", JSON, SPLIT),
    "records": ("frame", JSON, RECORDS),
    "charset": ("frame", "application/json; charset=utf-8", SPLIT),
    "params nobody asked for": ("frame", JSON, {**SPLIT, "params": {"temperature": 1}}),
    "inputs of columns": ("frame", JSON, {"inputs": COLUMNS}),
    "instances of rows": ("frame", JSON, {"instances": RECORDS["dataframe_records"]}),
    "csv": ("frame", "text/csv", FRAME.to_csv(index=False)),
    "parquet": ("frame", PARQUET, parquet(FRAME)),
    "tensor instances": ("tensor", JSON, {"instances": TENSOR}),
    "tensor inputs": ("tensor", JSON, {"inputs": TENSOR}),
    "strings": ("odd", JSON, odd("repeat", 3)),
    "chat messages": ("odd", JSON, {"messages": [{"role": "user", "content": "hello"}]}),
    "not-a-number answered": ("odd", JSON, odd("odd")),
}
REFUSED = {
    "no JSON": ("frame", JSON, "{"),
    "no UTF-8": ("frame", JSON, b"\xff\xfe"),
    "empty body": ("frame", JSON, ""),
    "list": ("frame", JSON, [1, 2]),
    "number": ("frame", JSON, 3),
    "unknown key": ("frame", JSON, {"data": [1]}),
    "two keys": ("frame", JSON, {**SPLIT, **RECORDS}),
    "split without columns": ("frame", JSON, {"dataframe_split": {"data": [[1]]}}),
    "split that is a list": ("frame", JSON, {"dataframe_split": [1]}),
    "missing column": ("frame", JSON, {"dataframe_records": [{"age": 1}]}),
    "wrong type": ("frame", JSON, {"dataframe_records": [{"age": "old", "income": 1.0, "city": "Ulm"}]}),
    "csv without the columns": ("frame", "text/csv", "a,b\n1,2\n"),
    "csv that is no UTF-8": ("frame", "text/csv", b"a\n\xff\n"),
    "empty csv": ("frame", "text/csv", ""),
    "parquet that is none": ("frame", PARQUET, b"no parquet"),
    "tensor of another shape": ("tensor", JSON, {"inputs": [[1.0, 2.0, 3.0]]}),
    "ragged tensor": ("tensor", JSON, {"inputs": [[1.0], [1.0, 2.0]]}),
    "tensor of words": ("tensor", JSON, {"inputs": [["a", "b"]]}),
    "other charset": ("frame", "application/json; charset=latin-1", SPLIT),
    "other parameter": ("frame", "application/json; version=2", SPLIT),
    "other content type": ("frame", "application/xml", "<a/>"),
    "empty content type": ("frame", "", SPLIT),
    "model raises": ("odd", JSON, odd("fail", "error")),
    "model answers what JSON can't hold": ("odd", JSON, odd("odd", "object")),
}


def sent(content_type: str, body: object) -> dict[str, object]:
    """Give a request's content and header; `body` is JSON unless it is text or bytes already."""
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return {"content": content, "headers": {"content-type": content_type}}


def both(app, method: str, path: str, **more) -> tuple[httpx.Response, httpx.Response]:
    """Ask our application and MLflow's own."""

    async def ask_both() -> tuple[httpx.Response, httpx.Response]:
        return await app.ask(app.ours, method, path, **more), await app.ask(app.mlflows, method, path, **more)

    return asyncio.run(ask_both())


def essence(answer: httpx.Response) -> tuple[int, str | None, bytes]:
    """What a client of the protocol sees of an answer."""
    return answer.status_code, answer.headers.get("content-type"), answer.content


@pytest.mark.parametrize(
    ("model", "content_type", "body"), [*ANSWERED.values(), *REFUSED.values()], ids=[*ANSWERED, *REFUSED]
)
def test_every_answer_is_the_one_of_mlflows_own_server(app_of, model, content_type, body):
    ours, mlflows = both(app_of(model), "POST", "/invocations", **sent(content_type, body))
    assert essence(ours) == essence(mlflows)


@pytest.mark.parametrize(("model", "content_type", "body"), ANSWERED.values(), ids=ANSWERED)
def test_good_requests_are_scored(app_of, model, content_type, body):
    ours, _ = both(app_of(model), "POST", "/invocations", **sent(content_type, body))
    assert ours.status_code == 200


@pytest.mark.parametrize(("model", "content_type", "body"), REFUSED.values(), ids=REFUSED)
def test_mistakes_are_refused(app_of, model, content_type, body):
    ours, _ = both(app_of(model), "POST", "/invocations", **sent(content_type, body))
    assert ours.status_code in {400, 415, 500}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ping"),
        ("GET", "/health"),
        ("GET", "/version"),
        ("GET", "/nowhere"),
        ("GET", "/invocations"),
        ("POST", "/ping"),
        ("POST", "/invocations/"),
        ("GET", "/openapi.json"),
    ],
)
def test_every_other_path_is_answered_by_mlflow(app_of, method, path):
    ours, mlflows = both(app_of("tensor"), method, path)
    assert essence(ours) == essence(mlflows)


def test_a_time_limit_of_mlflow_is_kept_with_its_answer(models, app_of, monkeypatch):
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "0")
    app = type(app_of("odd"))(models["odd"])
    ours, mlflows = both(app, "POST", "/invocations", json=odd("repeat", 1))
    assert ours.status_code == 504
    assert essence(ours) == essence(mlflows)
    app.close()
