"""A service's traffic of the last seconds: how many requests come, and what its champion gives the gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from greenramp.clients.envoy.router import Router
from greenramp.clients.evidence_sources import labels_file, labels_in, prediction_logs, predictions_in
from greenramp.clients.jsonlines import OLDER_KEPT, JsonLines, generation
from greenramp.clients.requestlines import RequestLines
from greenramp.config import Service
from greenramp.home import Home
from greenramp.judging.baselines import Baselines
from greenramp.judging.needs import Baseline

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
    found = Baselines(plan.measured)
    since, first, requests = now - seconds, now, 0
    waits = max((gate.label_window for gate in plan.measured if gate.metric.labelled), default=0.0)
    lines = RequestLines(service, ids=any(gate.metric.labelled for gate in plan.measured))
    tail = _tail(home.request_log)
    while (block := tail.next_block()) is not None:
        first = min(first, _moment(tail, block, now))
        read = lines.read(block)
        read = read.only((now - max(seconds, waits) <= read.ts) & (read.ts <= now))
        requests += int((read.ts >= since).sum())
        found.add_requests(read if live is None else read.only(read.is_on(live)))
    if not requests:
        return None
    if any(gate.metric.labelled for gate in plan.measured):
        for path in prediction_logs(home, service):
            found.add_predictions(predictions_in(_tail(path).new_lines()))
        found.add_labels(labels_in(_tail(labels_file(home, service)).new_lines()))
    spanned = min(seconds, max(now - max(first, since), 1.0))
    return Recent(spanned, requests, len(found.users), found.found())


def _tail(path: Path) -> JsonLines:
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
    return start


def _moment(log: JsonLines, block: bytes, now: float) -> float:
    """When the first line of the log that can be read was written, whoever it was for; now if none can."""
    return next((float(row.get("ts") or now) for row in log.rows(block)), now)
