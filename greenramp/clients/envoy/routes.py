"""Envoy routes of a site's services; each service's last entry carries the traffic record it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from greenramp.clients.envoy.clusters import cluster_name
from greenramp.traffic.handling import Retry
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side, Split

_INPUT_ERRORS = [400, 415, 422]
"""MLflow answers 400 when a model raises, and when a signature does not take what the champion's took."""

_RETRY_ON = {
    Retry.ANY: "connect-failure,refused-stream,reset",
    Retry.UNSENT: "connect-failure,refused-stream,reset-before-request",
}
_ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
_BUFFER = "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.BufferPerRoute"
_OTHER_PROCESS = "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
_UNREAD = {
    "typed_per_filter_config": {"envoy.filters.http.buffer": {"@type": _BUFFER, "disabled": True}}
}  # nobody will read such a request's body, so nothing waits for it

Entry = dict[str, Any]


def route_file(routes: Iterable[Route], version: int) -> dict[str, Any]:
    """The route file (RDS): services under /<service>/, and at / under names of their own; records in the metadata."""
    ordered = sorted(routes, key=lambda r: r.service)
    by_path = [entry for route in ordered for entry in _entries(route, f"/{route.service}/")]
    hosts = [_virtual_host("services", ["*"], [*by_path, _unknown(ordered)], ordered)]
    for route in ordered:
        if route.handling.hosts:
            entries = list(_entries(route, "/"))
            hosts.append(_virtual_host(route.service, _domains(route), entries, [route]))
    return {
        "version_info": str(version),
        "resources": [{"@type": _ROUTES, "name": "main", "validate_clusters": True, "virtual_hosts": hosts}],
    }


def records_of(file: dict[str, Any]) -> dict[str, Route]:
    """The traffic records a route file was made from, by service."""
    found = {}
    for entry in file["resources"][0]["virtual_hosts"][0]["routes"]:
        record = entry.get("metadata", {}).get("filter_metadata", {}).get("greenramp", {}).get("record")
        if record:
            found[record["service"]] = Route.from_json(record)
    return found


def _virtual_host(name: str, domains: list[str], entries: list[Entry], routes: list[Route]) -> dict[str, Any]:
    largest = max((route.handling.max_body_kb for route in routes), default=1)
    return {
        "name": name,
        "domains": domains,
        "request_body_buffer_limit": largest * 1024,  # what a second try needs
        "routes": entries,
    }


def _domains(route: Route) -> list[str]:
    return [name for host in route.handling.hosts for name in (host, f"{host}:*")]


def _entries(route: Route, prefix: str) -> Iterator[Entry]:
    """One service's routes, the most special first; of those by path the last carries the record."""
    service, live, keeps_record = route.service, route.live, prefix != "/"
    if live is None:
        message = f"{service}: no version serves yet; release one with: greenramp release {service}\n"
        action: dict[str, Any] = {"direct_response": {"status": 503, "body": {"inline_string": message}}}
        metadata = _metadata(route, with_record=keeps_record)
        yield {"name": f"{service}.none", "match": {"prefix": prefix}, **action, **_UNREAD, "metadata": metadata}
        return
    alone = {"cluster": cluster_name(service, live, "live")}
    if route.leased:
        ended = _entry(route, prefix, "lease-ended", alone, answered_elsewhere=False)
        ended["match"]["headers"] = [{"name": "x-greenramp-lease", "string_match": {"exact": "ended"}}]
        yield ended
    if route.percent:
        yield _entry(route, prefix, "split", _weights(route, live), answered_elsewhere=True, with_record=keeps_record)
    elif route.fallback:
        action = {"cluster": cluster_name(service, live, "fallback")}
        yield _entry(route, prefix, "live", action, answered_elsewhere=True, with_record=keeps_record)
    else:
        if route.mirror:
            yield _mirrored(route, prefix, live)
        yield _entry(route, prefix, "live", alone, answered_elsewhere=False, with_record=keeps_record)


def _weights(route: Route, live: Side) -> dict[str, Any]:
    split, backed = Split.giving(live.other, route.percent), "backed" if route.handling.live_failover else "live"
    return {
        "weighted_clusters": {
            "clusters": [
                {"name": cluster_name(route.service, live.other, "fallback"), "weight": split.weight(live.other)},
                {"name": cluster_name(route.service, live, backed), "weight": split.weight(live)},
            ],
            "use_hash_policy": True,
        },
        "hash_policy": [
            {
                "header": {
                    "header_name": "x-greenramp-user",
                    "regex_rewrite": {"pattern": {"regex": "^(.*)$"}, "substitution": f"{route.salt}:\\1"},
                },
                "terminal": True,
            }
        ],
    }


def _mirrored(route: Route, prefix: str, live: Side) -> Entry:
    """The live side's route, with copies to the idle side; only of requests whose length is said and small enough."""
    entry = _entry(
        route, prefix, "mirror", {"cluster": cluster_name(route.service, live, "live")}, answered_elsewhere=False
    )
    limit = {"start": 0, "end": route.mirror_max_kb * 1024 + 1}  # the end itself is left out
    entry["match"]["headers"] = [{"name": "content-length", "range_match": limit}]
    entry["route"]["request_mirror_policies"] = [
        {
            "cluster": cluster_name(route.service, live.other, "shadow"),
            "runtime_fraction": {
                "default_value": {
                    "numerator": Split.giving(live.other, route.mirror).weight(live.other),
                    "denominator": "TEN_THOUSAND",
                }
            },
            "disable_shadow_host_suffix_append": True,
            "request_headers_mutations": [{"append": {"header": {"key": "x-greenramp-shadow", "value": "1"}}}],
        }
    ]
    return entry


def _entry(
    route: Route, prefix: str, kind: str, action: dict[str, Any], *, answered_elsewhere: bool, with_record: bool = False
) -> Entry:
    handling = route.handling
    limit: dict[str, Any] = {"@type": _BUFFER, "buffer": {"max_request_bytes": handling.max_body_kb * 1024}}
    return {
        "name": f"{route.service}.{kind}",
        "match": {"prefix": prefix},
        "route": {
            **action,
            **({"prefix_rewrite": "/"} if prefix != "/" else {}),
            "timeout": f"{(1 if handling.retry is Retry.NONE else 2) * handling.timeout_seconds:g}s",
            **_retries(route, answered_elsewhere),
        },
        "metadata": _metadata(route, with_record=with_record),
        "typed_per_filter_config": {"envoy.filters.http.buffer": limit},
    }


def _retries(route: Route, answered_elsewhere: bool) -> dict[str, Any]:
    """What a server says is tried again only where another version may answer otherwise."""
    retry = route.handling.retry
    if retry is Retry.NONE:
        return {}
    lost = _RETRY_ON[retry]
    return {
        "retry_policy": {
            "retry_on": f"{lost},5xx,retriable-status-codes" if answered_elsewhere and retry is Retry.ANY else lost,
            "num_retries": 1,
            "per_try_timeout": f"{route.handling.timeout_seconds:g}s",
            "retriable_status_codes": _INPUT_ERRORS,
            "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.005s"},
            "retry_host_predicate": [
                {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": _OTHER_PROCESS}}
            ],
            "host_selection_retry_max_attempts": 3,
        }
    }


def _metadata(route: Route, *, with_record: bool) -> dict[str, Any]:
    """What the request log says of the route, and what the edge's filter has to know of it."""
    handling = route.handling
    ours = {"generation": str(route.generation), "percent": f"{route.percent:g}"}
    keys = {"header": handling.user_header, "cookie": handling.user_cookie, "address": handling.user_address}
    edge = {name: value for name, value in keys.items() if value} | ({"until": route.until} if route.leased else {})
    return {
        "filter_metadata": {
            "greenramp": {**ours, **({"record": route.to_json()} if with_record else {})},
            "envoy.filters.http.lua": edge,
        }
    }


def _unknown(routes: list[Route]) -> Entry:
    known = ", ".join(f"/{r.service}/" for r in routes) or "none yet"
    body = f"no such service; services here: {known}\n"
    return {
        "name": "unknown",
        "match": {"prefix": "/"},
        **_UNREAD,
        "direct_response": {"status": 404, "body": {"inline_string": body}},
    }
