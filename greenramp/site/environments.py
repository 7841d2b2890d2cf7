"""Environments of a site: who provides them, and how one is stopped that has no traffic any more."""

from __future__ import annotations

import time
from contextlib import suppress

from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.clients.envoy.router import Router
from greenramp.errors import ProvisionFailed, Unreachable
from greenramp.providers.base import Provider
from greenramp.providers.local import LocalProvider
from greenramp.site.settings import SiteSettings
from greenramp.traffic.split import Side


def provider_of(site: SiteSettings) -> Provider:
    """The provider of this site's environments."""
    return LocalProvider(site.home, site.first_environment_port)


def retire(site: SiteSettings, service: str, side: Side, drain_seconds: float) -> None:
    """Stop an environment once its last request is answered, or after drain_seconds. Safe to repeat.

    Raises ProvisionFailed while it has traffic.
    """
    router = Router(site.home)
    if router.upstream(service, side) is not None:
        _await_drained(site, service, side, drain_seconds)
    provider_of(site).stop(service, side)
    router.remove_upstream(service, side)


def _await_drained(site: SiteSettings, service: str, side: Side, drain_seconds: float) -> None:
    """Wait until no request is open there, three looks in a row, or the drain limit has passed."""
    route = Router(site.home).read(service)
    if side is route.live or (route.leased and time.time() < route.until):
        raise ProvisionFailed(f"{side.value} of {service} still has traffic and is not stopped")
    deadline, idle_looks = time.monotonic() + drain_seconds, 0
    names = [cluster_name(service, side, role) for role in ("live", "candidate", "shadow")]
    while idle_looks < 3 and time.monotonic() < deadline:
        idle_looks = 0 if _open_requests(site, names) else idle_looks + 1
        time.sleep(0.02)


def _open_requests(site: SiteSettings, clusters: list[str]) -> int:
    """Requests open at the router; in a planned restart the Envoy that leaves may have some, too."""
    count = sum(map(Admin(site.home.admin_socket).active_requests, clusters))
    for leaving in site.home.slot_admin_sockets():
        if leaving.name != site.home.admin_socket.resolve().name:
            with suppress(Unreachable):  # nobody runs there
                count += sum(map(Admin(leaving).active_requests, clusters))
    return count
