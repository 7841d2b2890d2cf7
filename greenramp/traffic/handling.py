"""How the router handles requests: what it lets in at all, and what it does with those of one service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

MAX_BODY_KB = 65_536
"""The edge holds a request's body until it is whole, so it must be one that memory can hold many times."""


MAX_MIRROR_KB = 4096
"""A copy that nobody takes in waits in the router's memory whole, up to 160 of them at a time."""


class Retry(StrEnum):
    """Which requests may be tried a second time, on the other version where that may answer otherwise."""

    ANY = "any"
    UNSENT = "unsent"
    NONE = "none"


@dataclass(frozen=True)
class Handling:
    """What the router does with the requests of one service.

    user_header, user_cookie, user_address: where the key of a user is looked for, in this order; empty or false
    for not there. A request without a key is shared at random.
    hosts: names under which the service answers at /, besides the path /<service>/ under every name.
    timeout_seconds: the longest one try may take. max_body_kb: larger requests are answered 413.
    retry: which requests may be tried twice. live_failover: the candidate answers what the live side, while
    traffic is shared, fails to answer.
    """

    user_header: str = "x-user-id"
    user_cookie: str = ""
    user_address: bool = False
    hosts: tuple[str, ...] = ()
    timeout_seconds: float = 60.0
    max_body_kb: int = 16_384
    retry: Retry = Retry.ANY
    live_failover: bool = True

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what `asdict` and JSON made of it."""
        given = {**data, "hosts": tuple(data.get("hosts", ())), "retry": Retry(data.get("retry", Retry.ANY))}
        return cls(**{f.name: given[f.name] for f in fields(cls) if f.name in given})


@dataclass(frozen=True)
class Edge:
    """What the router lets in, whichever service it is for.

    hosts: names under which users may come (the Host header, without port); none given: any.
    max_headers_kb: of all request headers. request_seconds: a request must have arrived whole after that.
    idle_seconds: a connection without a request is closed after that. max_connections: open at one time.
    trusted_proxies: how many proxies of your own stand before the edge; they say who the client is.
    trust_request_id: an x-request-id from outside is kept; only where a proxy of your own sets it.
    metrics_port: loopback port that answers /metrics in Prometheus' format; 0: none.
    standby: a second Envoy runs without users, and has them at once when the first one dies.
    """

    hosts: tuple[str, ...] = ()
    max_headers_kb: int = 60
    request_seconds: float = 60.0
    idle_seconds: float = 300.0
    max_connections: int = 10_000
    trusted_proxies: int = 0
    trust_request_id: bool = False
    metrics_port: int = 0
    standby: bool = True

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what `asdict` and JSON made of it."""
        given = {**data, "hosts": tuple(data.get("hosts", ()))}
        return cls(**{f.name: given[f.name] for f in fields(cls) if f.name in given})
