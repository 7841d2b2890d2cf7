"""A service's traffic of the last seconds: how many requests come, and what its champion gives the gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenramp.baselines import Baselines
from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import labels_file, labels_in, prediction_logs, predictions_in
from greenramp.clients.jsonlines import OLDER_KEPT, JsonLines, generation
from greenramp.config import Service
from greenramp.home import Home
from greenramp.needs import Baseline
from greenramp.traffic_log import seen_request

MOST_BYTES = 20 * 1024 * 1024
"""What is read of each log at most, from its end."""


@dataclass(frozen=True)
class Recent:
    """seconds: how far back it reaches. requests: to both sides. users: different ones among the champion's."""

    seconds: float
    requests: int
    users: int
    baselines: Mapping[str, Baseline]

    @property
    def per_second(self) -> float:
        """Requests per second, both sides together."""
        return self.requests / self.seconds


def read_recent(home: Home, service: str, plan: Service, seconds: float, now: float) -> Recent | None:
    """The last `seconds` before `now`, or less where the log begins later; None without a request.

    What the gates are given is looked for further back where labels are waited for.
    """
    live = Router(home).read(service).live
    found = Baselines(plan.gates)
    since, first, requests = now - seconds, now, 0
    waits = max((gate.label_window for gate in plan.gates if gate.metric.labelled), default=0.0)
    for row in _tail(home.request_log):
        first = min(first, float(row.get("ts") or now))
        request = seen_request(row)
        if request is None or request.service != service or not now - max(seconds, waits) <= request.ts <= now:
            continue
        requests += request.ts >= since
        if live is None or request.side is live:
            found.add_requests([request])
    if not requests:
        return None
    if any(gate.metric.labelled for gate in plan.gates):
        for path in prediction_logs(home, service):
            found.add_predictions(predictions_in(_tail(path)))
        found.add_labels(labels_in(_tail(labels_file(home, service))))
    spanned = min(seconds, max(now - max(first, since), 1.0))
    return Recent(spanned, requests, len(found.users), found.found())


def _tail(path: Path) -> Iterator[dict[str, Any]]:
    """The last MOST_BYTES of a log, through its rotations; a line that is cut in two is passed over."""
    left, start = MOST_BYTES, JsonLines(path)
    for number in range(OLDER_KEPT + 1):
        try:
            found = generation(path, number).stat()
        except FileNotFoundError:
            break
        start = JsonLines(path, max(0, found.st_size - left), found.st_ino)
        left -= found.st_size
        if left <= 0:
            break
    yield from start.new_lines()
