"""The collector: takes labels over HTTP and adds them to the service's file, from which gates read.

POST /outcomes/<service> with JSON lines, one JSON object, or a list of them: {"id": <x-request-id>, "label": <value>}.
"""

from __future__ import annotations

import hmac
import json
import os
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from greenramp.clients.configfiles import service_names
from greenramp.clients.evidence_sources import OUTCOMES_TOKEN, append_labels, parse_labels
from greenramp.errors import ConfigError
from greenramp.site.settings import SiteSettings, this_site

MAX_BODY_BYTES = 8 * 1024 * 1024
"""Some hundred thousand labels; more come in several requests."""


def collector(site: SiteSettings, token: str = "") -> Starlette:
    """The collector of a site; with a token, only requests that carry it are taken."""

    async def take(request: Request) -> JSONResponse:
        if token and not _carries(request, token):
            return _refusal(401, "wanted: Authorization: Bearer <token>")
        service, services = request.path_params["service"], service_names(site.configs)
        if service not in services:
            return _refusal(404, f"no service {service!r}; services: {', '.join(services) or 'none'}")
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    return _refusal(413, f"larger than {MAX_BODY_BYTES} bytes, the most one request may have")
        except ClientDisconnect:
            return _refusal(400, "broken off")
        try:
            labels = parse_labels(_as_lines(bytes(body)), "the request")
        except (ConfigError, UnicodeDecodeError) as error:
            return _refusal(400, str(error))
        if not labels:
            return _refusal(400, 'no label; wanted: {"id": <x-request-id>, "label": <value>}')
        try:
            added = await run_in_threadpool(append_labels, site.home, service, labels)
        except OSError as error:
            return _refusal(507, f"the labels can't be written: {error}; send them again later")
        return JSONResponse({"added": added}, status_code=202)

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    return Starlette(routes=[Route("/outcomes/{service}", take, methods=["POST"]), Route("/health", health)])


def main() -> None:
    """Serve on the port that is given, on loopback."""
    app = collector(this_site(), os.environ.get(OUTCOMES_TOKEN, ""))
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


def _carries(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return hmac.compare_digest(given.encode(), token.encode())


def _as_lines(body: bytes) -> str:
    """A body that is one JSON value as lines; any other as it stands, for the reader of lines to judge."""
    text = body.decode()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    rows = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(row) for row in rows)


def _refusal(status: int, why: str) -> JSONResponse:
    return JSONResponse({"error": why}, status_code=status)


if __name__ == "__main__":
    main()
