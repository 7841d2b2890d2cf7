"""What the router does with requests: of one service, and at its edge."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from greenramp.config.base import Strict
from greenramp.traffic.handling import MAX_BODY_KB, Edge, Handling, Retry

_HEADER = r"^[a-z0-9-]{1,64}$"
_COOKIE = r"^[A-Za-z0-9_-]{1,64}$"
_HOST = r"^[a-z0-9][a-z0-9-]{0,62}(\.[a-z0-9-]{1,63})*$"

Hosts = Annotated[tuple[Annotated[str, Field(pattern=_HOST, max_length=253)], ...], Field(strict=False)]


class UserKey(Strict):
    """What tells one user from another; the first that a request has decides. A user stays on one side."""

    header: Annotated[
        str | None,
        Field(pattern=_HEADER, description="Set by a service of yours: a client who may choose it chooses his side."),
    ] = "x-user-id"
    cookie: Annotated[str | None, Field(pattern=_COOKIE, description="Name of a cookie.")] = None
    address: Annotated[bool, Field(description="The client's address; see also edge.trusted_proxies.")] = False


class Traffic(Strict):
    """How the router handles the service's requests."""

    user_key: UserKey = UserKey()
    hosts: Annotated[Hosts, Field(description="Names under which the service answers at /, besides /<service>/.")] = ()
    timeout_seconds: Annotated[float, Field(gt=0, le=600, description="Longest single try of a request.")] = 60
    max_body_kb: Annotated[int, Field(ge=1, le=MAX_BODY_KB, description="Larger requests are answered 413.")] = 16_384
    retry: Annotated[
        Retry,
        Field(
            strict=False,
            description="any: what a version fails to answer is tried once more, on the other version. unsent: only "
            "what no server has begun, for models whose answers have side effects. none: nothing.",
        ),
    ] = Retry.ANY
    live_failover: Annotated[
        bool,
        Field(description="While traffic is shared, the candidate answers what the live version fails to answer."),
    ] = True

    def handling(self) -> Handling:
        """The same in the router's words."""
        key = self.user_key
        rest = self.model_dump(exclude={"user_key"})
        return Handling(user_header=key.header or "", user_cookie=key.cookie or "", user_address=key.address, **rest)


class EdgeLimits(Strict):
    """What the router lets in, whichever service it is for."""

    hosts: Annotated[Hosts, Field(description="Names under which users may come; none given: any.")] = ()
    max_headers_kb: Annotated[int, Field(ge=1, le=8192, description="Of all request headers together.")] = 60
    request_seconds: Annotated[float, Field(gt=0, le=3600, description="Longest arrival of a whole request.")] = 60
    idle_seconds: Annotated[float, Field(gt=0, le=3600, description="Longest unused connection.")] = 300
    max_connections: Annotated[int, Field(ge=1, description="Open at one time.")] = 10_000
    trusted_proxies: Annotated[
        int, Field(ge=0, le=10, description="Proxies of your own before the edge; they say who the client is.")
    ] = 0
    trust_request_id: Annotated[
        bool, Field(description="Keep an x-request-id from outside; only where a proxy of your own sets it.")
    ] = False
    metrics_port: Annotated[
        int, Field(ge=0, le=65535, description="Loopback port that answers /metrics for Prometheus; 0: none.")
    ] = 0
    standby: Annotated[
        bool,
        Field(description="A second Envoy (about 65 MB) runs without users and takes over when the first one dies."),
    ] = True

    def edge(self) -> Edge:
        """The same in the router's words."""
        return Edge(**self.model_dump())
