"""The receiver: takes MLflow's webhooks, and keeps what they ask for on disk before it says that it has.

POST /webhooks/mlflow, signed by MLflow. What a webhook asks for is started by the flow watch-registry, which an event
sets off, or here, which is some seconds sooner; without Prefect, by that flow's next look.
"""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections import Counter

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.takendeliveries import take_once
from greenramp.errors import GreenrampError
from greenramp.site.asking import note_delivery
from greenramp.site.keys import webhook_secret
from greenramp.site.settings import SiteSettings, this_site
from greenramp.site.watching import look_at
from greenramp.triggers.deliveries import Delivery, NotTaken, Refusal, read_delivery

MAX_BODY_BYTES = 1024 * 1024
"""An event has some hundred bytes; a version's description at most some thousand."""

EVENT = "greenramp.release.asked"
_STATUS = {Refusal.FORGED: 401, Refusal.STALE: 401, Refusal.TOO_LARGE: 413}

logger = logging.getLogger("greenramp.receiver")


def receiver(site: SiteSettings, secret: str) -> Starlette:
    """The receiver of a site; nothing is taken that was not signed with the secret."""
    counts: Counter[str] = Counter()

    async def take(request: Request) -> JSONResponse:
        try:
            delivery = read_delivery(secret, request.headers, await _body(request), time.time())
        except NotTaken as refused:
            counts[f"refused: {refused.refusal}"] += 1
            logger.warning("refused a webhook from %s: %s", request.client and request.client.host, refused)
            return _said(_STATUS.get(refused.refusal, 400), "refused", str(refused))
        except ClientDisconnect:
            counts[f"refused: {Refusal.BROKEN_OFF}"] += 1
            logger.warning("a webhook broke off before its end")
            return _said(400, "refused", "broken off")
        asked: list[str] = []
        try:
            new = await run_in_threadpool(
                take_once, site.home, delivery.id, time.time(), lambda: asked.extend(note_delivery(site, delivery))
            )
        except (OSError, GreenrampError) as error:
            counts["not kept"] += 1
            logger.exception("a webhook can't be kept")
            return _said(503, "not kept", f"{error}; send it again")  # MLflow does, three times
        outcome = ("asked" if asked else "nothing asked") if new else "taken before"
        counts[outcome] += 1
        if asked:
            logger.info("%s of %s is asked for by %s: %s", delivery.version, delivery.model, delivery.way, asked)
        answer = _said(200, outcome, ", ".join(asked))
        answer.background = BackgroundTask(_tell, site, delivery, asked) if asked else None
        return answer

    async def health(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "webhooks": dict(counts)})

    return Starlette(routes=[Route("/webhooks/mlflow", take, methods=["POST"]), Route("/health", health)])


def main() -> None:
    """Serve on the port that is given, on loopback."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s")
    site = this_site()
    if not (secret := webhook_secret(site.home)):
        raise SystemExit(f"no secret in {site.home.secrets}; greenramp up makes one")
    uvicorn.run(receiver(site, secret), host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="warning")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise NotTaken(Refusal.TOO_LARGE, f"larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _tell(site: SiteSettings, delivery: Delivery, services: list[str]) -> None:
    """Start what may start now, and set the automation off, whose look makes good what fails here, as later ones do.

    Whichever of them is the first starts the run; the others find it.
    """
    try:
        for failure in look_at(site, services, logger.info).failed:
            logger.warning("%s", failure)
    except GreenrampError as error:
        logger.warning("what is asked for waits for the next look: %s", error)
    prefect = PrefectApi(site.prefect_url)
    for service in services:
        event = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{delivery.id} {service}"))
        payload = {"service": service, "model": delivery.model, "version": delivery.version, "way": delivery.way}
        try:
            prefect.emit(EVENT, f"greenramp.service.{service}", payload, event)
        except GreenrampError as error:
            logger.warning("%s waits for the next look at the registry: %s", service, error)


def _said(status: int, outcome: str, why: str) -> JSONResponse:
    return JSONResponse({"outcome": outcome, "why": why}, status_code=status)


if __name__ == "__main__":
    main()
