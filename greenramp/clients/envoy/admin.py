"""Envoy's own word over its admin socket: readiness, accepted versions, health, open requests; it opens logs anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenramp.clients.unixhttp import request


@dataclass(frozen=True)
class Copies:
    """What became of the copies of requests since Envoy started.

    sent: went to the shadow, but for those whose connection failed: all are answered + failed + dropped. answered: it
    answered, and not with 5xx; failed: with 5xx or not at all. dropped: Envoy let them go since too many were open
    already; they say nothing about the shadow.
    """

    sent: int
    answered: int
    failed: int
    dropped: int

    @property
    def asked(self) -> int:
        """How many there were to be, those that are open still and those that could not connect too."""
        return max(self.sent, self.answered + self.failed) + self.dropped


@dataclass(frozen=True)
class Accepted:
    """What Envoy says of one of its two files.

    version: the version it runs with; rejected, failed: counters of updates it did not take.
    """

    version: str
    rejected: int
    failed: int


@dataclass(frozen=True)
class Users:
    """What is open at the router's port."""

    connections: int
    requests: int


@dataclass(frozen=True)
class Reading:
    """Counters and gauges by name; of each histogram how often which time was counted, in whole milliseconds."""

    numbers: Mapping[str, int]
    times: Mapping[str, Mapping[float, int]]


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

    def completed(self, clusters: Iterable[str]) -> dict[str, int]:
        """Requests that each cluster was chosen for and that have been answered, by whomever in the end."""
        names = {f"cluster.{cluster}.upstream_rq_completed": cluster for cluster in clusters}
        values = self._stats(f"^({'|'.join(names)})$")
        return {cluster: int(values.get(name, 0)) for name, cluster in names.items()}

    def copies(self, cluster: str) -> Copies:
        """Copies sent to a shadow cluster."""
        numbers = self._stats(f"^cluster.{cluster}.upstream_rq_(total|completed|5xx|pending_overflow|active_overflow)$")
        return copies_in(numbers, cluster)

    def reopen_logs(self) -> None:
        """Have Envoy open its logs under their names anew; it does so with its next write to disk."""
        request(self._socket, "POST", "/reopen_logs")

    def drain(self) -> None:
        """Have Envoy end each of its users' connections behind the next answer; it listens on."""
        request(self._socket, "POST", "/drain_listeners?graceful&skip_exit")

    def users(self) -> Users:
        """How many connections and requests of users are open."""
        values = self._stats("^http.ingress.downstream_(cx|rq)_active$")
        return Users(
            connections=int(values.get("http.ingress.downstream_cx_active", 0)),
            requests=int(values.get("http.ingress.downstream_rq_active", 0)),
        )

    def filter_errors(self) -> int:
        """Requests that the edge's filter let through unchecked, since it failed, since Envoy's start."""
        return int(self._stats("^http.ingress.lua.errors$").get("http.ingress.lua.errors", 0))

    def reading(self, pattern: str) -> Reading:
        """Everything whose name fits a regular expression, times too.

        Envoy adds its threads' times up when it is asked, for the next who asks: so it is asked for nothing first.
        """
        self._rows("/stats?format=json&filter=^$")
        rows = self._rows(f"/stats?format=json&histogram_buckets=detailed&filter={pattern}")
        found: list[Any] = next((row["histograms"]["details"] for row in rows if "histograms" in row), [])
        return Reading(
            numbers={row["name"]: int(row["value"]) for row in rows if "name" in row},
            times={one["name"]: {_time(bin_): bin_["count"] for bin_ in one["totals"]} for one in found},
        )

    def _stats(self, pattern: str) -> dict[str, int | str]:
        rows = self._rows(f"/stats?format=json&filter={pattern}")
        return {row["name"]: row["value"] for row in rows if "name" in row}

    def _rows(self, page: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(request(self._socket, "GET", page))["stats"]
        return rows


def copies_in(numbers: Mapping[str, int | str], cluster: str) -> Copies:
    """Copies sent to a shadow cluster, by its counters."""
    prefix = f"cluster.{cluster}.upstream_rq"
    total, completed, failed, *overflows = (
        int(numbers.get(f"{prefix}_{name}", 0))
        for name in ("total", "completed", "5xx", "pending_overflow", "active_overflow")
    )
    dropped = sum(overflows)
    # each dropped one is also counted as completed, with 503
    return Copies(sent=total, answered=completed - failed, failed=failed - dropped, dropped=dropped)


def _time(bin_: Mapping[str, float]) -> float:
    """The milliseconds that a bin of Envoy's stands for: exact below 100, two digits above."""
    return bin_["lower_bound"] + (bin_["width"] / 2 if bin_["width"] > 1 else 0)
