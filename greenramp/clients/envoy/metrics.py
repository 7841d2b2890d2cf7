"""Envoy's own counters for Prometheus, on a loopback port that answers nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_TYPE = "type.googleapis.com/envoy.extensions."
_ADMIN = "admin"

_BUCKETS_MS = [0.5, 1, 2, 3, 5, 7.5, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750]
_BUCKETS_MS += [1000, 2000, 5000, 10000, 30000]


def stats_config() -> dict[str, Any]:
    """How counters are named and times are counted.

    Envoy takes what stands before the first dot of a cluster's name for all of it, which is our service; what
    stands behind it becomes two labels instead of a part of every metric's name.
    """
    behind = r"^cluster\.[^.]+\."
    return {
        "stats_tags": [
            {"tag_name": "side", "regex": behind + r"((blue|green)-[a-z]+\.)"},
            {"tag_name": "role", "regex": behind + r"((?:blue|green)-([a-z]+)\.)"},
        ],
        "histogram_bucket_settings": [{"match": {"prefix": "cluster."}, "buckets": _BUCKETS_MS}],
    }


def metrics_listener(port: int) -> dict[str, Any]:
    """A listener whose one path, /metrics, leads to one page of the admin interface; all else is 404."""
    manager = {
        "@type": _TYPE + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "metrics",
        "request_headers_timeout": "10s",
        "request_timeout": "10s",
        "route_config": {
            "name": "metrics",
            "virtual_hosts": [
                {
                    "name": "metrics",
                    "domains": ["*"],
                    "routes": [
                        {
                            "match": {"path": "/metrics"},
                            "route": {"cluster": _ADMIN, "prefix_rewrite": "/stats/prometheus", "timeout": "10s"},
                        }
                    ],
                }
            ],
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _TYPE + "filters.http.router.v3.Router"},
            }
        ],
    }
    return {
        "name": "metrics",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "enable_reuse_port": True,
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def admin_cluster(socket: Path) -> dict[str, Any]:
    """The Envoy that has the users, over its admin socket, which stays closed to everybody else."""
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(socket)}}}}
    return {
        "name": _ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": _ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
