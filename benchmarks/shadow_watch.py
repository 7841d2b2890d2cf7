"""Two serving processes, their prediction logs, and a comparison that reads them as the shadow step does."""

from __future__ import annotations

import math
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.dataplane.edge import SERVICE, RunningEdge
from benchmarks.driving.serving_process import ServingProcess
from greenramp.clients.envoy.admin import Copies
from greenramp.clients.shadowlogs import ShadowLogs
from greenramp.config import Service
from greenramp.home import Home
from greenramp.shadow.answers import Copied
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.configured import rules_of
from greenramp.traffic.split import Side
from greenramp.verdict import Verdict

LOOK_SECONDS = 0.5
LAST_LINES_SECONDS = 0.5
SHADOW = f"{SERVICE}.green-shadow"


def service(columns: Sequence[str] = ()) -> Service:
    """A service with the defaults, and slices by these columns."""
    gates = [{"name": "errors", "metric": "errors", "margin": 0.2}]
    return Service.model_validate({"model": SERVICE, "gates": gates, "shadow": {"slices": {"columns": [*columns]}}})


@contextmanager
def serving(live: Path, candidate: Path, options: Sequence[str] = ()) -> Iterator[tuple[Home, list[ServingProcess]]]:
    """A process of each side and the home its prediction log lies in; the options are the candidate's."""
    home = Home(Path(tempfile.mkdtemp(prefix="gr-bench-")))
    home.predictions.mkdir(parents=True)
    servers: list[ServingProcess] = []
    try:
        for side, model, more in ((Side.BLUE, live, []), (Side.GREEN, candidate, options)):
            log = home.predictions / f"{SERVICE}.{side.value}.0.jsonl"
            servers.append(ServingProcess(model, SERVICE, side.value, log, ["--log-megabytes", "1", *more]))
        for server in servers:
            server.wait()
        yield home, servers
    finally:
        for server in servers:
            server.kill()
        shutil.rmtree(home.root)


def copies(edge: RunningEdge, since: Copies | None = None) -> Copies:
    """What became of the copies, of all or since an earlier look."""
    now = edge.admin.copies(SHADOW)
    return now if since is None else Copies(**{name: value - getattr(since, name) for name, value in vars(now).items()})


class Watch:
    """Looks again and again; `since` is what had become of copies before it began.

    cpu: seconds of processor time that reading and comparing took. judging: of each look's verdicts, seconds.
    """

    def __init__(self, home: Home, plan: Service, begun: float, edge: RunningEdge, since: Copies) -> None:
        shadow, self._edge, self._since = plan.shadow, edge, since
        self.logs = ShadowLogs(home, SERVICE, Side.BLUE, {}, begun)
        columns = (*shadow.slices.headers, *shadow.slices.columns)
        self.comparison = ShadowComparison(rules_of(plan), columns, shadow.pair_timeout_seconds)
        self.cpu, self.judging = 0.0, [0.0]

    def look(self, until: float = math.inf) -> list[Verdict]:
        """Take in what is new, and judge."""
        began, sent = time.process_time(), copies(self._edge, self._since)
        self.comparison.note(Copied(sent.asked, sent.dropped))
        news = self.logs.news(until)
        self.comparison.take(news.live, news.candidate, news.features, news.labels)
        judged = time.perf_counter()
        verdicts = self.comparison.verdicts()
        self.judging.append(time.perf_counter() - judged)
        self.cpu += time.process_time() - began
        return verdicts

    def finish(self, until: float) -> None:
        """Take in the last answers, once they are written."""
        time.sleep(LAST_LINES_SECONDS)
        self.look(until)
        self.comparison.finish()
