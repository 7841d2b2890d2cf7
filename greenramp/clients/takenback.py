"""The line in a rollback's journal that says from when on which version has all traffic again."""

from __future__ import annotations

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.home import Home
from greenramp.traffic.route import TAKEN_BACK, Route


def tell_taken_back(home: Home, service: str, owner: str, route: Route) -> None:
    """Write it, once, if the rollback `owner` took traffic back with `route`. Safe to repeat.

    The command line takes traffic back before the flow starts, and the flow does it again: the first time counts.
    """
    if route.step != TAKEN_BACK or route.owner != owner or route.live is None:
        return
    journal = Journal(home, owner)
    if any(line["event"] == "traffic taken back" for line in journal.read()):
        return
    upstream = Router(home).upstream(service, route.live)
    journal.add("traffic taken back", live=route.live.value, version=upstream.version if upstream else None)
