"""Envoy's own word over its admin socket: readiness, accepted versions, health, open requests; it opens logs anew."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from greenramp.clients.unixhttp import request


@dataclass(frozen=True)
class Accepted:
    """What Envoy says of one of its two files.

    version: the version it runs with; rejected, failed: counters of updates it did not take.
    """

    version: str
    rejected: int
    failed: int


class Admin:
    """Envoy's admin interface on a unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def ready(self) -> bool:
        """Whether Envoy is live; raises Unreachable when it does not answer."""
        return request(self._socket, "GET", "/ready").strip() == b"LIVE"

    def accepted_routes(self) -> Accepted:
        """State of the route file."""
        return self._accepted("http.ingress.rds.main")

    def accepted_clusters(self) -> Accepted:
        """State of the cluster file."""
        return self._accepted("cluster_manager.cds")

    def _accepted(self, prefix: str) -> Accepted:
        values = self._stats(f"^{prefix}.(version_text|update_rejected|update_failure)$")
        return Accepted(
            version=str(values.get(f"{prefix}.version_text", "")),
            rejected=int(values.get(f"{prefix}.update_rejected", 0)),
            failed=int(values.get(f"{prefix}.update_failure", 0)),
        )

    def healthy_members(self, cluster: str) -> int:
        """How many processes of a cluster Envoy holds for healthy; 0 for an unknown cluster."""
        return int(
            self._stats(f"^cluster.{cluster}.membership_healthy$").get(f"cluster.{cluster}.membership_healthy", 0)
        )

    def active_requests(self, cluster: str) -> int:
        """Requests that a cluster has open or waiting."""
        values = self._stats(f"^cluster.{cluster}.(upstream_rq_active|upstream_rq_pending_active)$")
        return sum(int(v) for v in values.values())

    def reopen_logs(self) -> None:
        """Have Envoy open its logs under their names anew; it does so with its next write to disk."""
        request(self._socket, "POST", "/reopen_logs")

    def _stats(self, pattern: str) -> dict[str, int | str]:
        answer = json.loads(request(self._socket, "GET", f"/stats?format=json&filter={pattern}"))
        return {s["name"]: s["value"] for s in answer["stats"] if "name" in s}
