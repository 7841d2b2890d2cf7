"""The ASGI application: answers /invocations itself, leaves the rest to MLflow's app, and names every answer."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenramp.serving.identity import Identity
from greenramp.serving.logline import MAX_HEADER_CHARACTERS, Scored
from greenramp.serving.scoring import Answer, Scorer
from greenramp.serving.shortcut import JSON

COPY_HEADER = b"x-greenramp-shadow"  # marks what is sent only to compare answers
HEALTH_PATHS = frozenset({"/ping", "/health"})


class ClientGone(Exception):
    """The client hung up before its request had arrived in full."""


class Limits(NamedTuple):
    """What one request may cost."""

    max_body_bytes: int
    timeout_seconds: float  # from its first byte to its answer


class ServingApp:
    """MLflow's scoring protocol, answer for answer, with names, a body limit and a record of each scored request."""

    def __init__(
        self,
        mlflow_app: ASGIApp,
        scorer: Scorer,
        identity: Identity,
        record: Callable[[Scored], None],
        limits: Limits,
        keep_inputs: bool = False,
        keep_headers: Sequence[str] = (),
    ) -> None:
        """Put the parts together; `record` is called once per answered request to /invocations and must not block.

        With `keep_inputs` it is given the bodies too, and of the headers those in `keep_headers`.
        """
        self._mlflow_app = mlflow_app
        self._scorer = scorer
        self._names = identity.headers()
        self._record = record
        self._limits = limits
        self._keep_inputs = keep_inputs
        self._keep_headers = [(name, name.lower().encode()) for name in keep_headers]
        self.is_draining: Callable[[], bool] = lambda: False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._mlflow_app(scope, receive, send)
            return
        request_id = _header(scope, b"x-request-id") or str(uuid.uuid4()).encode()
        send = self._naming(send, request_id)
        if scope["path"] == "/invocations" and scope["method"] == "POST":
            await self._invocations(scope, receive, send, request_id.decode("latin-1"))
        elif scope["path"] in HEALTH_PATHS and self.is_draining():
            await _send_answer(send, Answer(503, JSON, "\n"))
        else:
            await self._mlflow_app(scope, receive, send)

    def _naming(self, send: Send, request_id: bytes) -> Send:
        headers = [*self._names, (b"x-request-id", request_id)]

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        return send_named

    async def _invocations(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        arrived, started = time.time(), time.perf_counter()
        kept: list[bytes] = []
        try:
            answer = await asyncio.wait_for(self._answer(scope, receive, kept), self._limits.timeout_seconds)
        except asyncio.TimeoutError:  # noqa: UP041 - on Python 3.10, which models may need, the built-in is another
            limit = "Request processing time exceeded limit"
            answer = Answer(504, JSON, limit, limit)  # as MLflow's timeout_middleware
        except asyncio.CancelledError:  # the server stops and has waited long enough; it cancels once
            answer = Answer.refusal(503, "The server stopped before the prediction was ready")
        except ClientGone:
            return
        duration_ms = (time.perf_counter() - started) * 1000
        copy = _header(scope, COPY_HEADER) is not None
        body = kept[0] if kept else None
        headers = self._headers(scope)
        self._record(
            Scored(arrived, request_id, answer.status, duration_ms, answer.text, answer.error, copy, body, headers)
        )
        await _send_answer(send, answer)

    def _headers(self, scope: Scope) -> dict[str, str] | None:
        if not self._keep_headers:
            return None
        found = ((name, _header(scope, key)) for name, key in self._keep_headers)
        return {name: value.decode("latin-1")[:MAX_HEADER_CHARACTERS] for name, value in found if value is not None}

    async def _answer(self, scope: Scope, receive: Receive, kept: list[bytes]) -> Answer:
        content_type = _header(scope, b"content-type")
        if content_type is None:  # MLflow's own function ends in an AttributeError here
            return Answer.refusal(415, "The request has no Content-Type header; send application/json, for example")
        body = await _read_body(receive, self._limits.max_body_bytes)
        if body is None:
            most = f"{self._limits.max_body_bytes} bytes, the most this server takes (--max-body-bytes)"
            return Answer.refusal(413, f"The body is larger than {most}")
        if self._keep_inputs:
            kept.append(body)
        return await self._scorer.score(body, content_type.decode("latin-1"))


def _header(scope: Scope, name: bytes) -> bytes | None:
    """Return the first header of that (lower-case) name."""
    return next((value for key, value in scope["headers"] if key == name), None)


async def _read_body(receive: Receive, max_bytes: int) -> bytes | None:
    """Return the whole body, or None as soon as it is larger than `max_bytes`. Raises ClientGone."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _send_answer(send: Send, answer: Answer) -> None:
    body = answer.text.encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", answer.media_type.encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
