"""Envoy's static configuration: one listener, routes and clusters from files, a request log."""

from __future__ import annotations

from typing import Any

from greenramp.home import Home

_TYPE = "type.googleapis.com/envoy.extensions."

LEASE_FILTER = """
-- The route's metadata says until when a shared split stands (epoch seconds). After that the request is
-- routed as if there were no canary, whoever is alive to tell. The header is ours: a client's is dropped.
-- An empty user is nobody: as a key it would put everybody who sends it on one side.
function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:get("x-greenramp-lease") ~= nil or headers:get("x-user-id") == "" then
    headers:remove("x-greenramp-lease")
    if headers:get("x-user-id") == "" then
      headers:remove("x-user-id")
    end
    handle:clearRouteCache()
  end
  local ends = handle:metadata():get("until")
  if ends ~= nil and handle:timestamp() / 1000 > ends then
    headers:add("x-greenramp-lease", "ended")
    handle:clearRouteCache()
  end
end
"""

_NOBODY = {"address_prefix": "192.0.2.1", "prefix_len": 32}
"""An address for documentation only: an empty list would mean Envoy's default, which trusts loopback."""

_LOG = {
    "v": "1",
    "ts": "%START_TIME(%s.%6f)%",
    "id": "%REQ(X-REQUEST-ID)%",
    "user": "%REQ(X-USER-ID)%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "host": "%UPSTREAM_HOST%",
    "status": "%RESPONSE_CODE%",
    "flags": "%RESPONSE_FLAGS%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "us": "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
    "upstream_us": "%COMMON_DURATION(US_TX_BEG:US_RX_BEG:us)%",
    "environment": "%RESP(X-ENVIRONMENT)%",
    "version": "%RESP(X-MODEL-VERSION)%",
    "route": "%ROUTE_NAME%",
    "generation": "%METADATA(ROUTE:greenramp:generation)%",
    "percent": "%METADATA(ROUTE:greenramp:percent)%",
}


def bootstrap(home: Home, port: int) -> dict[str, Any]:
    """The bootstrap file for a site whose users come in on loopback `port`."""
    return {
        "node": {"id": "greenramp", "cluster": "greenramp"},
        "admin": {
            "address": {"pipe": {"path": str(home.admin_socket), "mode": 0o600}},
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
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": _TYPE + "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                        "max_active_downstream_connections": 10_000,
                    },
                }
            ]
        },
        "dynamic_resources": {"cds_config": _file(home, "cds.json")},
        "static_resources": {"listeners": [_listener(home, port)]},
    }


def _file(home: Home, name: str) -> dict[str, Any]:
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(home.xds / name), "watched_directory": {"path": str(home.xds)}},
    }


def _listener(home: Home, port: int) -> dict[str, Any]:
    manager = {
        "@type": _TYPE + "filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        "generate_request_id": True,
        # Whoever connects is from outside, loopback too: his x-request-id is replaced, since labels are joined by
        # it, and his x-envoy-* headers, which change retries and time limits, are dropped.
        "use_remote_address": True,
        "internal_address_config": {"cidr_ranges": [_NOBODY]},
        "request_headers_timeout": "10s",
        "normalize_path": True,
        "access_log": [
            {
                "name": "requests",
                "typed_config": {
                    "@type": _TYPE + "access_loggers.file.v3.FileAccessLog",
                    "path": str(home.request_log),
                    "log_format": {"json_format": _LOG},
                },
            }
        ],
        "rds": {"route_config_name": "main", "config_source": _file(home, "rds.json")},
        "http_filters": [
            {
                "name": "envoy.filters.http.lua",
                "typed_config": {
                    "@type": _TYPE + "filters.http.lua.v3.Lua",
                    "default_source_code": {"inline_string": LEASE_FILTER},
                },
            },
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": _TYPE + "filters.http.router.v3.Router"},
            },
        ],
    }
    return {
        "name": "ingress",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "enable_reuse_port": False,  # with it, a stale Envoy would silently share the port
        "filter_chains": [
            {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
        ],
    }
