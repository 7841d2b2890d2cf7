"""Envoy's static configuration: the edge with its limits, routes and clusters from files, a request log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenramp.clients.envoy.edgefilter import edge_filter
from greenramp.clients.envoy.metrics import admin_cluster, metrics_listener, stats_config
from greenramp.clients.envoy.userkey import user_key
from greenramp.home import Home
from greenramp.measures.traffic_log import SENT
from greenramp.traffic.handling import MAX_BODY_KB, Edge

_TYPE = "type.googleapis.com/envoy.extensions."

_NOBODY = {"address_prefix": "192.0.2.1", "prefix_len": 32}
"""An address for documentation only: an empty list would mean Envoy's default, which trusts loopback."""

_LONGEST_ANSWER_SECONDS = 1260
"""A route gives up after two tries of at most 600 s; Envoy's own limit of 300 s without a byte would end them first."""

_ANY = Edge()

_LOG = {
    "v": "2",
    "ts": "%START_TIME(%s.%6f)%",
    "id": "%REQ(X-REQUEST-ID)%",
    "user": "%REQ(X-GREENRAMP-USER)%",
    "status": "%RESPONSE_CODE%",
    "us": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
    "upstream_us": "%COMMON_DURATION(US_TX_BEG:US_RX_BEG:us)%",
    "sent": " ".join(
        {  # SENT in greenramp.measures.traffic_log; one value is read in half the time of six
            "cluster": "%UPSTREAM_CLUSTER%",
            "route": "%ROUTE_NAME%",
            "generation": "%METADATA(ROUTE:greenramp:generation)%",
            "percent": "%METADATA(ROUTE:greenramp:percent)%",
            "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
            "environment": "%RESP(X-ENVIRONMENT)%",  # the last: a server may answer anything
        }[key]
        for key in SENT
    ),
}

_WHY = {
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "host": "%UPSTREAM_HOST%",
    "version": "%RESP(X-MODEL-VERSION)%",
    "bytes_in": "%BYTES_RECEIVED%",
    "bytes_out": "%BYTES_SENT%",
}
"""What a person looks for in a failure; requests that were answered well are logged without, in half the bytes."""


def bootstrap(
    home: Home, port: int, edge: Edge = _ANY, secret: bytes | None = None, admin_socket: Path | None = None
) -> dict[str, Any]:
    """The bootstrap file for a site whose users come in on loopback `port`.

    secret: 16 bytes under which users' keys are hashed; None for the site's own. admin_socket: where this Envoy is
    asked and told; None for the site's.
    """
    admin = admin_socket or home.admin_socket
    listeners = [_listener(home, port, edge, user_key(home) if secret is None else secret)]
    if edge.metrics_port:
        listeners.append(metrics_listener(edge.metrics_port))
    return {
        "node": {"id": "greenramp", "cluster": "greenramp"},
        "admin": {
            "address": {"pipe": {"path": str(admin), "mode": 0o600}},
            "allow_paths": [
                {"exact": "/ready"},
                {"prefix": "/stats"},
                {"prefix": "/config_dump"},
                {"prefix": "/clusters"},
                {"exact": "/reopen_logs"},
                {"prefix": "/drain_listeners"},
            ],
        },
        "stats_flush_on_admin": True,
        "stats_config": stats_config(),
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": _TYPE + "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": edge.max_connections,
                    },
                }
            ]
        },
        "dynamic_resources": {"cds_config": _file(home, "cds.json")},
        "static_resources": {
            "listeners": listeners,
            "clusters": [admin_cluster(home.admin_socket)] if edge.metrics_port else [],
        },
    }


def _file(home: Home, name: str) -> dict[str, Any]:
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(home.xds / name), "watched_directory": {"path": str(home.xds)}},
    }


def _listener(home: Home, port: int, edge: Edge, secret: bytes) -> dict[str, Any]:
    manager = {
        "@type": _TYPE + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        **_trust(edge),
        **_limits(edge),
        "access_log": [
            _log(home, _LOG, {"and_filter": {"filters": [_status("GE", 200), _status("LE", 399)]}}),
            _log(home, _LOG | _WHY, {"or_filter": {"filters": [_status("LE", 199), _status("GE", 400)]}}),
        ],
        "rds": {"route_config_name": "main", "config_source": _file(home, "rds.json")},
        "http_filters": [
            _filter(
                "lua",
                "lua.v3.Lua",
                default_source_code={"inline_string": edge_filter(secret, edge.hosts)},
                clear_route_cache=False,  # the script says when; by default each header it sets costs a new route
            ),
            _filter("buffer", "buffer.v3.Buffer", max_request_bytes=MAX_BODY_KB * 1024),  # a service has its own limit
            _filter("router", "router.v3.Router"),
        ],
    }
    return {
        "name": "ingress",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "enable_reuse_port": True,  # for a planned restart; who else may listen is seen to before Envoy starts
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }


def _log(home: Home, keys: Mapping[str, str], which: Mapping[str, Any]) -> dict[str, Any]:
    """A line for each request that the filter lets through; Envoy keeps the order of those with one path."""
    return {
        "name": "requests",
        "filter": which,
        "typed_config": {
            "@type": _TYPE + "access_loggers.file.v3.FileAccessLog",
            "path": str(home.request_log),
            "log_format": {"json_format": dict(keys)},
        },
    }


def _status(comparison: str, value: int) -> dict[str, Any]:
    compared = {"default_value": value, "runtime_key": f"greenramp.log.{comparison}.{value}"}
    return {"status_code_filter": {"comparison": {"op": comparison, "value": compared}}}


def _trust(edge: Edge) -> dict[str, Any]:
    """Whoever connects is from outside, loopback too.

    His x-request-id is replaced, since labels are joined by it; his x-envoy-* headers, which change retries and
    time limits, are dropped, and so are those that only we may set, before a route is looked for.
    """
    return {
        "generate_request_id": True,
        "preserve_external_request_id": edge.trust_request_id,
        "request_id_extension": {
            "typed_config": {
                "@type": _TYPE + "request_id.uuid.v3.UuidRequestIdConfig",
                "pack_trace_reason": False,  # it would write into an id that is to be kept
            }
        },
        "use_remote_address": True,
        "xff_num_trusted_hops": edge.trusted_proxies,
        "internal_address_config": {"cidr_ranges": [_NOBODY]},
        "early_header_mutation_extensions": [
            {
                "name": "envoy.http.early_header_mutation.header_mutation",
                "typed_config": {
                    "@type": _TYPE + "http.early_header_mutation.header_mutation.v3.HeaderMutation",
                    "mutations": [{"remove_on_match": {"key_matcher": {"prefix": "x-greenramp-"}}}],
                },
            }
        ],
    }


def _limits(edge: Edge) -> dict[str, Any]:
    """What one client can take of the edge: header sizes, time, streams; and one spelling for each path."""
    return {
        "max_request_headers_kb": edge.max_headers_kb,
        "request_headers_timeout": "10s",
        "request_timeout": f"{edge.request_seconds:g}s",
        "stream_idle_timeout": f"{_LONGEST_ANSWER_SECONDS}s",
        "stream_flush_timeout": "60s",  # a client that does not read its answer
        "common_http_protocol_options": {
            "idle_timeout": f"{edge.idle_seconds:g}s",
            "max_headers_count": 100,
            # servers behind WSGI take x_user for x-user: what is checked under one name must not come in by the other
            "headers_with_underscores_action": "DROP_HEADER",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 64 * 1024,
            "initial_connection_window_size": 1024 * 1024,
        },
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
    }


def _filter(name: str, kind: str, **settings: Any) -> dict[str, Any]:
    return {"name": f"envoy.filters.http.{name}", "typed_config": {"@type": f"{_TYPE}filters.http.{kind}", **settings}}
