"""The closed loop: sees that the share a change asked for is the share that is served."""

from __future__ import annotations

import time
from dataclasses import dataclass

from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import cluster_name
from greenramp.clients.jsonlines import JsonLines
from greenramp.errors import NotConfirmed
from greenramp.home import Home
from greenramp.measures.served import Served, requests_needed, served_by_count, served_by_user
from greenramp.measures.traffic_log import seen_request
from greenramp.traffic.split import Side

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Confirmed:
    """What was served. enough: it was so much traffic that a wrong share would have shown."""

    served: Served
    enough: bool


def confirm_share(
    home: Home,
    service: str,
    candidate: Side,
    percent: float,
    generation: int,
    seconds: float,
) -> Confirmed:
    """Wait until what Envoy serves fits `percent` for `candidate`, at most `seconds`; then raise NotConfirmed.

    Read from Envoy's counters of the sides it chose. Where they do not fit, the requests of this `generation` in the
    log tell whether a few busy users explain it, and counting starts anew, since requests of the split before may
    still have been open, and when another Envoy takes over. With too little traffic to tell, what was seen until
    `seconds` has to do.
    """
    admin, share, deadline = Admin(home.admin_socket), percent / 100, time.monotonic() + seconds
    log = JsonLines.from_now(home.request_log)
    logged = []
    base = _chosen(admin, service, candidate)
    while True:
        time.sleep(_LOOK_SECONDS)
        late, now = time.monotonic() >= deadline, _chosen(admin, service, candidate)
        if any(n < b for n, b in zip(now, base, strict=True)):  # another Envoy has taken over, which counts anew
            base = now
        served = served_by_count(*(n - b for n, b in zip(now, base, strict=True)))
        enough = served.requests >= requests_needed(share)
        if enough or late:
            if not served.fits(share):
                logged += [r for row in log.new_lines() if (r := seen_request(row)) and r.service == service]
                by_user = served_by_user((r for r in logged if r.generation == generation), candidate)
                fits, base = by_user.requests > 0 and by_user.fits(share), now
                served = by_user if fits else served
            else:
                fits = True
            if fits:
                return Confirmed(served, enough)
        if late:
            raise NotConfirmed(
                f"{service}: Envoy took the split, but the candidate was served {served}, which chance does not "
                f"explain for {percent:g} %"
            )


def _chosen(admin: Admin, service: str, candidate: Side) -> tuple[int, int]:
    """Requests answered so far: all of them, and those the candidate was chosen for."""
    sides = {cluster_name(service, side, role): side for side in Side for role in ("live", "backed", "fallback")}
    completed = admin.completed(sides)
    return sum(completed.values()), sum(n for name, n in completed.items() if sides[name] is candidate)
