"""How long planted faults stay unknown: from the first copy to a verdict of failure, at 100 requests a second."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.dataplane.edge import SERVICE, RunningEdge
from benchmarks.dataplane.report import say
from benchmarks.dataplane.users import UsersElsewhere
from benchmarks.driving.serving_process import SLICED, requests_of, save_planted
from benchmarks.shadow_watch import LOOK_SECONDS, Watch, copies, service, serving
from greenramp.traffic.split import Side
from greenramp.verdict import Outcome, Verdict

RATE = 100
MS = 10.0
OPTIONS = ["--log-inputs", "rows", "--log-columns", SLICED]

FAULTS: Mapping[str, dict[str, Any]] = {
    "numbers: x 16": {"fault": "scaled"},
    "numbers: NaN in 0.5 % of the answers": {"fault": "not a number"},
    "numbers: three times as slow": {"ms": 3 * MS},
    "labels: shifted by one": {"classes": True, "fault": "shifted"},
    "labels: half the classes": {"classes": True, "fault": "half the classes"},
    "labels: wrong in a slice of 2 %": {"classes": True, "fault": "bad slice"},
    "good: the same numbers": {},
    "good: numbers of a retrained model": {"fault": "retrained"},
    "good: the same labels": {"classes": True},
    "good: labels, 3 % others": {"classes": True, "fault": "retrained"},
}


def find_faults(edge: RunningEdge, models: Path, rounds: int, most_seconds: float) -> None:
    """Plant one after another; a good candidate is watched for the whole of the shortest step."""
    say(f"\nPlanted faults at {RATE} requests/s, both models take {MS:g} ms; default rules, slices by {SLICED}")
    say(f"{'candidate':40} {'told after':>24} {'pairs':>6}  by")
    for name, config in FAULTS.items():
        live = _saved(models, {"classes": config.get("classes", False), "ms": MS})
        candidate = _saved(models, {"ms": MS, **config})
        told = [_watched(edge, live, candidate, most_seconds) for _ in range(1 if name.startswith("good") else rounds)]
        words = ", ".join(f"{seconds:.1f} s" if seconds < most_seconds else "never" for seconds, _, _ in told)
        say(f"{name:40} {words:>24} {told[0][1]:>6}  {told[0][2]}")


def _watched(edge: RunningEdge, live: Path, candidate: Path, most_seconds: float) -> tuple[float, int, str]:
    """Seconds until a verdict fails, pairs by then, and which verdicts do; or how all of them stand in the end."""
    with serving(live, candidate, OPTIONS) as (home, servers):
        edge.be()
        for side, server in zip(Side, servers, strict=True):
            edge.put(side, server.server_address[1])
        with UsersElsewhere(edge.port, f"/{SERVICE}/invocations", RATE, requests_of(1000, sliced=True)):
            time.sleep(1)
            began, before = time.monotonic(), copies(edge)
            edge.be(mirror=100.0, mirror_max_kb=1024)
            watch = Watch(home, service([SLICED]), time.time(), edge, before)
            while (elapsed := time.monotonic() - began) < most_seconds:
                verdicts = watch.look()
                if bad := [v for v in verdicts if v.outcome is Outcome.FAIL]:
                    return time.monotonic() - began, watch.comparison.pairing.counts.pairs, _said(watch, bad)
                time.sleep(LOOK_SECONDS)
        return elapsed, watch.comparison.pairing.counts.pairs, _stand(verdicts)


def _said(watch: Watch, bad: list[Verdict]) -> str:
    names = ", ".join(v.gate.removeprefix("shadow/") for v in bad)
    return f"{names}: {watch.comparison.findings()[0].sentence}"


def _stand(verdicts: list[Verdict]) -> str:
    other = [f"{v.gate.removeprefix('shadow/')} {v.outcome.value}: {v.sentence}" for v in verdicts if not _passes(v)]
    return "; ".join(other) or "all pass"


def _passes(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.PASS


def _saved(models: Path, config: dict[str, Any]) -> Path:
    folder = models / "-".join(f"{key}={value}" for key, value in sorted(config.items())).replace(" ", "_")
    return folder if folder.exists() else save_planted(folder, **config)
