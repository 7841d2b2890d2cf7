"""Envoy clusters of a service's environments: `<service>.<side>-<role>`.

live:      takes all it is sent; a sick process is avoided while a healthier one stands beside it.
candidate: health-checked and ejected at once, since there is a healthy side to go to.
fallback:  the candidate first, then the other side live: what the candidate fails to answer, the other answers.
backed:    live first, then the other side as candidate: the same the other way round.
shadow:    copies of requests; it holds few of them open and drops the rest, so that it can't slow a live answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from greenramp.traffic.handling import MAX_MIRROR_KB
from greenramp.traffic.split import Side

_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_HTTP = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_COMPOSITE = "type.googleapis.com/envoy.extensions.clusters.composite.v3.ClusterConfig"

_BREAKERS = {
    "thresholds": [
        {"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096, "max_retries": 1000}
    ]  # Envoy's default of 3 concurrent retries would lose requests when a side dies
}


@dataclass(frozen=True)
class Upstream:
    """One environment as the router sees it.

    addresses: (host, port) of each serving process. version: the model version that runs there.
    """

    service: str
    side: Side
    addresses: tuple[tuple[str, int], ...]
    version: str


def cluster_name(service: str, side: Side, role: str) -> str:
    """Name of a cluster; the request log tells sides apart by it."""
    return f"{service}.{side.value}-{role}"


def cluster_file(upstreams: Iterable[Upstream], version: int) -> dict[str, Any]:
    """The cluster file (CDS) for these environments."""
    all_of_them = sorted(upstreams, key=lambda u: (u.service, u.side))
    present = {(u.service, u.side) for u in all_of_them}
    resources: list[dict[str, Any]] = []
    for upstream in all_of_them:
        resources += [_live(upstream), _candidate(upstream), _shadow(upstream)]
        if (upstream.service, upstream.side.other) in present:
            resources += [
                _one_after_another(upstream.service, upstream.side, "fallback", "candidate", "live"),
                _one_after_another(upstream.service, upstream.side, "backed", "live", "candidate"),
            ]
    return {"version_info": str(version), "resources": resources}


def upstreams_of(file: dict[str, Any]) -> tuple[Upstream, ...]:
    """The environments a cluster file was made from."""
    found = []
    for resource in file["resources"]:
        kept = resource.get("metadata", {}).get("filter_metadata", {}).get("greenramp")
        if kept:
            addresses = tuple((host, int(port)) for host, port in kept["addresses"])
            found.append(Upstream(kept["service"], Side(kept["side"]), addresses, kept["version"]))
    return tuple(found)


def _live(upstream: Upstream) -> dict[str, Any]:
    kept = {
        "service": upstream.service,
        "side": upstream.side.value,
        "version": upstream.version,
        "addresses": [list(a) for a in upstream.addresses],
    }
    return {
        **_static(upstream, "live"),
        "health_checks": [_health_check("2s")],
        "metadata": {"filter_metadata": {"greenramp": kept}},
    }


def _candidate(upstream: Upstream) -> dict[str, Any]:
    return {
        **_static(upstream, "candidate"),
        "health_checks": [_health_check("0.5s")],
        "outlier_detection": {
            "consecutive_5xx": 5,
            "consecutive_gateway_failure": 3,
            "enforcing_consecutive_gateway_failure": 100,
            "enforcing_success_rate": 0,
            "interval": "0.5s",
            "base_ejection_time": "5s",
            "max_ejection_percent": 100,
            "successful_active_health_check_uneject_host": False,
        },
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }


def _shadow(upstream: Upstream) -> dict[str, Any]:
    return {
        **_static(upstream, "shadow"),
        # Envoy waits with the live side's body while the shadow's buffer is full: it holds the largest one whole.
        "per_connection_buffer_limit_bytes": (MAX_MIRROR_KB + 64) * 1024,
        "circuit_breakers": {
            # A copy that waits for a connection makes Envoy abort when it is told to end, so there is one for each.
            "thresholds": [{"max_connections": 4096, "max_pending_requests": 32, "max_requests": 160, "max_retries": 0}]
        },
    }


def _one_after_another(service: str, side: Side, role: str, first: str, second: str) -> dict[str, Any]:
    """A cluster that tries `side` in its role `first`, then the other side in its role `second`."""
    members = [cluster_name(service, side, first), cluster_name(service, side.other, second)]
    return {
        "@type": _CLUSTER,
        "name": cluster_name(service, side, role),
        "connect_timeout": "1s",
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": _BREAKERS,
        "cluster_type": {
            "name": "envoy.clusters.composite",
            "typed_config": {"@type": _COMPOSITE, "clusters": [{"name": name} for name in members]},
        },
    }


def _static(upstream: Upstream, role: str) -> dict[str, Any]:
    name = cluster_name(upstream.service, upstream.side, role)
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": host, "port_value": port}}}}
        for host, port in upstream.addresses
    ]
    return {
        "@type": _CLUSTER,
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": _HTTP,
                "common_http_protocol_options": {"idle_timeout": "30s"},  # below the servers' keep-alive of 75 s
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        "circuit_breakers": _BREAKERS,
    }


def _health_check(interval: str) -> dict[str, Any]:
    return {
        "timeout": "2s",
        "interval": interval,
        "no_traffic_interval": interval,
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": "/ping"},
    }
