"""Envoy routes of a site's services; each carries the traffic record it was made from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from greenramp.clients.envoy.clusters import cluster_name
from greenramp.route import Route
from greenramp.split import Side, Split

_INPUT_ERRORS = [400, 415, 422]
"""MLflow answers 400 when a model raises, and when a signature does not take what the champion's took."""

_ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


def route_file(routes: Iterable[Route], version: int) -> dict[str, Any]:
    """The route file (RDS): services under /<service>/, records in the metadata."""
    ordered = sorted(routes, key=lambda r: r.service)
    return {
        "version_info": str(version),
        "resources": [
            {
                "@type": _ROUTES,
                "name": "main",
                "validate_clusters": True,
                "virtual_hosts": [
                    {
                        "name": "services",
                        "domains": ["*"],
                        "request_body_buffer_limit": 16 * 1024 * 1024,
                        "routes": [entry for route in ordered for entry in _entries(route)] + [_unknown(ordered)],
                    }
                ],
            }
        ],
    }


def records_of(file: dict[str, Any]) -> dict[str, Route]:
    """The traffic records a route file was made from, by service."""
    found = {}
    for entry in file["resources"][0]["virtual_hosts"][0]["routes"]:
        record = entry.get("metadata", {}).get("filter_metadata", {}).get("greenramp", {}).get("record")
        if record:
            found[record["service"]] = Route.from_json(record)
    return found


def _entries(route: Route) -> list[dict[str, Any]]:
    """One service's routes; the last of them carries the record."""
    if route.live is None:
        message = f"{route.service}: no version serves yet; release one with: greenramp release {route.service}\n"
        silent = {"direct_response": {"status": 503, "body": {"inline_string": message}}}
        return [{"name": f"{route.service}.none", "match": _match(route), **silent, "metadata": _metadata(route)}]
    if route.percent == 0:
        role = "fallback" if route.fallback else "live"
        action = {"cluster": cluster_name(route.service, route.live, role)}
        return [_entry(route, "live", action, retry_on=_retries(route.fallback), metadata=_metadata(route))]
    ended = _entry(route, "lease-ended", {"cluster": cluster_name(route.service, route.live, "live")})
    ended["match"]["headers"] = [{"name": "x-greenramp-lease", "string_match": {"exact": "ended"}}]
    shared = _entry(route, "split", _weights(route, route.live), retry_on=_retries(True), metadata=_metadata(route))
    return [ended, shared]


def _weights(route: Route, live: Side) -> dict[str, Any]:
    split = Split.giving(live.other, route.percent)
    return {
        "weighted_clusters": {
            "clusters": [
                {"name": cluster_name(route.service, live.other, "fallback"), "weight": split.weight(live.other)},
                {"name": cluster_name(route.service, live, "live"), "weight": split.weight(live)},
            ],
            "use_hash_policy": True,
        },
        "hash_policy": [
            {
                "header": {
                    "header_name": "x-user-id",
                    "regex_rewrite": {"pattern": {"regex": "^(.*)$"}, "substitution": f"{route.salt}:\\1"},
                },
                "terminal": True,
            }
        ],
    }


def _entry(
    route: Route,
    kind: str,
    action: dict[str, Any],
    retry_on: str = "connect-failure,refused-stream,reset",
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {
        "name": f"{route.service}.{kind}",
        "match": _match(route),
        "route": {
            **action,
            "prefix_rewrite": "/",
            "timeout": f"{2 * route.timeout_seconds:g}s",
            "retry_policy": {
                "retry_on": retry_on,
                "num_retries": 1,
                "per_try_timeout": f"{route.timeout_seconds:g}s",
                "retriable_status_codes": _INPUT_ERRORS,
                "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.005s"},
            },
        },
        **({"metadata": metadata} if metadata else {}),
    }


def _retries(has_fallback: bool) -> str:
    """What a server says is tried again only where another version may answer otherwise."""
    lost = "connect-failure,refused-stream,reset"
    return f"{lost},5xx,retriable-status-codes" if has_fallback else lost


def _match(route: Route) -> dict[str, Any]:
    return {"prefix": f"/{route.service}/"}


def _metadata(route: Route) -> dict[str, Any]:
    ours = {"record": route.to_json(), "generation": str(route.generation), "percent": f"{route.percent:g}"}
    lease = {"envoy.filters.http.lua": {"until": route.until}} if route.percent > 0 else {}
    return {"filter_metadata": {"greenramp": ours, **lease}}


def _unknown(routes: list[Route]) -> dict[str, Any]:
    known = ", ".join(f"/{r.service}/" for r in routes) or "none yet"
    body = f"no such service; services here: {known}\n"
    return {
        "name": "unknown",
        "match": {"prefix": "/"},
        "direct_response": {"status": 404, "body": {"inline_string": body}},
    }
