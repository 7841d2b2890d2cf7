"""MLflow's webhooks: whether a delivery is genuine and fresh, and what it asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from greenramp.config import Triggers
from greenramp.triggers.wishes import Act, Way

ID_HEADER, TIME_HEADER, SIGNATURE_HEADER = "x-mlflow-delivery-id", "x-mlflow-timestamp", "x-mlflow-signature"
EVENTS = (("MODEL_VERSION", "CREATED"), ("MODEL_VERSION_TAG", "SET"), ("MODEL_VERSION_ALIAS", "CREATED"))
"""What MLflow is asked to tell, in the words of its interface."""

AGE_SECONDS = 300
"""A delivery that is older, or that comes from so far in the future, is not taken."""

_WAYS = {
    ("model_version_alias", "created"): Way.ALIAS,
    ("model_version_tag", "set"): Way.TAG,
    ("model_version", "created"): Way.CREATED,
}


class Refusal(StrEnum):
    """Why a delivery is not taken."""

    INCOMPLETE = "incomplete"
    FORGED = "forged"
    STALE = "stale"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too large"
    BROKEN_OFF = "broken off"


class NotTaken(Exception):
    """A delivery is refused; its text says why, and never what the secret is."""

    def __init__(self, refusal: Refusal, why: str) -> None:
        super().__init__(why)
        self.refusal = refusal


@dataclass(frozen=True)
class Delivery:
    """A genuine delivery. way: None for what asks for nothing. at: when it happened, epoch seconds."""

    id: str
    way: Way | None
    model: str
    version: str
    alias: str
    tag: tuple[str, str]
    at: float

    def act(self, triggers: Triggers) -> Act | None:
        """What it asks of a service with these triggers; None for nothing."""
        asks = {
            Way.ALIAS: triggers.alias is not None and self.alias == triggers.alias,
            Way.TAG: self.tag == triggers.tag_pair,
            Way.CREATED: triggers.created,
        }
        if self.way is None or not asks[self.way]:
            return None
        return Act(self.way, self.version, self.at, self.at)


def signature(secret: str, delivery: str, sent: str, body: bytes) -> str:
    """MLflow's signature: base64 of HMAC-SHA256 over id, time and body, joined by dots.

    Source: mlflow/webhooks/delivery.py, _generate_hmac_signature (MLflow 3.17)
    """
    content = f"{delivery}.{sent}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode()


def read_delivery(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> Delivery:
    """A delivery as MLflow sent it; raises NotTaken unless it is genuine, fresh and readable.

    headers: by their names in small letters. now: epoch seconds.
    """
    delivery, sent, given = (headers.get(name, "") for name in (ID_HEADER, TIME_HEADER, SIGNATURE_HEADER))
    if not delivery or not sent.isascii() or not sent.isdigit() or len(delivery) > 200 or len(sent) > 15:
        raise NotTaken(Refusal.INCOMPLETE, f"wanted: {ID_HEADER}, and {TIME_HEADER} in seconds")
    if not hmac.compare_digest(signature(secret, delivery, sent, body).encode(), given.encode()):
        raise NotTaken(Refusal.FORGED, f"{SIGNATURE_HEADER} does not fit this body")
    if abs(now - int(sent)) > AGE_SECONDS:
        raise NotTaken(Refusal.STALE, f"sent {now - int(sent):.0f} s ago, taken up to {AGE_SECONDS} s")
    return _parsed(delivery, body, float(sent))


def _parsed(delivery: str, body: bytes, sent: float) -> Delivery:
    try:
        told = json.loads(body)
        data = told["data"]
        way = _WAYS.get((str(told["entity"]), str(told["action"])))
        model, version = str(data["name"]), _number(data.get("version")) if way else ""
        at = _moment(told.get("timestamp"), sent)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotTaken(Refusal.UNREADABLE, f"no event of MLflow: {type(error).__name__}") from error
    tag = (str(data.get("key", "")), str(data.get("value", "")))
    return Delivery(delivery, way, model, version, str(data.get("alias", "")), tag, at)


def _number(version: Any) -> str:
    if not str(version).isascii() or not str(version).isdigit():
        raise ValueError("a version is a number")
    return str(int(version))


def _moment(given: Any, sent: float) -> float:
    """When it happened; the header's time has whole seconds only. It can't have been after it was sent."""
    at = datetime.fromisoformat(str(given)).timestamp() if given else sent
    return at if abs(at - sent) < AGE_SECONDS else sent
