"""One release at a time, through the same classes as a release: what benchmarks/gates.py measures that way."""

import math
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute  # loaded once in a release, not with each look
import pyarrow.csv
from pyarrow import json as pa_json

from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.config import Service
from greenramp.gates import LatencySeries, RateSeries, ShareSeries, SizeSeries
from greenramp.gates.events import Events
from greenramp.home import Home
from greenramp.judging.rules import judge_all
from greenramp.traffic.split import Side

LOOK, NEEDED, SHARES = 100, math.log(20), (0.05, 0.25, 0.5)


def series_outage(seed: int) -> list[float]:
    """Candidate's requests until a total outage is found, at each share."""
    draw, found = np.random.default_rng(seed), []
    for share in SHARES:
        series, sent = RateSeries(0.05, 600.0), 0
        while series.log_against() < NEEDED:
            mine = bool(draw.random() < share)
            series.add(Events.of([(share, mine, mine or bool(draw.random() < 0.005), 0.0, 0)]))
            sent += mine
        found.append(sent)
    return found


def times(seed: int, requests: int, slower: float, some: float) -> float:
    """Candidate's requests until slowness is found; times are lognormal (sigma 0.5), the share 5 %."""
    draw, series, sent = np.random.default_rng(seed), LatencySeries(None, 600.0), 0
    mine = draw.random(requests) < 0.05
    ms = 50 * draw.lognormal(0, 0.5, requests) * np.where(mine & (draw.random(requests) < some), slower, 1.0)
    for start in range(0, requests, LOOK):
        part = slice(start, start + LOOK)
        series.add(_events(mine[part], ms[part], start))
        sent += int(mine[part].sum())
        if series.log_against() >= NEEDED:
            return sent
    return math.inf


def sizes(seed: int, requests: int, larger: float) -> float:
    """Candidate's labels until larger errors are found; sizes are those of a normal distribution, the share 5 %."""
    draw, series = np.random.default_rng(seed), SizeSeries(0.05)
    mine = draw.random(requests) < 0.05
    size = np.abs(draw.normal(0, 1, requests)) * np.where(mine, larger, 1.0)
    for start in range(0, requests, LOOK):
        series.add(_events(mine[start : start + LOOK], size[start : start + LOOK], start))
        if series.log_odds()[0] >= NEEDED:
            return series.candidate
    return math.inf


def shared_wrong(seed: int, draws: int, lost: float) -> float:
    """Requests of both sides until a router is found that sends the candidate `lost` less than told, at 50 %."""
    draw, series = np.random.default_rng(seed), ShareSeries(600.0)
    mine = draw.random(draws) < 0.5 * (1 - lost) / (1 - 0.5 * lost)
    for start in range(0, draws, LOOK):
        series.add(_events(mine[start : start + LOOK], mine[start : start + LOOK], start, 0.5))
        if series.log_against() >= math.log(1000):
            return start + LOOK
    return math.inf


def _events(mine: Any, value: Any, start: int, share: float = 0.05) -> Events:
    """A part of a run, a hundred a second; nobody has a key."""
    ts = np.arange(start, start + mine.size) / 100
    return Events(np.full(mine.size, share), mine, value, ts, np.zeros(mine.size, dtype=np.uint64))


def reading(log: Path, rows: int, *, times: bool) -> tuple[float, float, float]:
    """From the router's log to verdicts on errors, slow, shares and times: seconds, processor's seconds, peak in MB."""
    gates = [{"name": "errors", "metric": "errors", "margin": 0.2}, {"name": "times", "metric": "latency"}]
    gates.append({"name": "slow", "metric": "slow", "slower_than_ms": 5.8, "margin": 0.2})
    plan = Service.model_validate({"model": "digits", "gates": [g for g in gates if times or g["name"] != "times"]})
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.request_log.parent.mkdir()
        home.request_log.hardlink_to(log)
        evidence = ReleaseEvidence(home, "digits", plan, "r1", Side.GREEN, {}, 5)
        began, spent = time.perf_counter(), time.process_time()
        evidence.read()
        judge_all(plan, evidence.counting)
        took = time.perf_counter() - began, time.process_time() - spent
    if evidence.counting.requests != rows:
        raise RuntimeError(f"{evidence.counting.requests} of {rows} rows were read")
    return *took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bare(log: Path) -> tuple[float, float, float]:
    """The same for what can't be done without: Arrow reads four of the log's keys, and nothing is made of them."""
    schema = pa.schema([(key, pa.string()) for key in ("sent", "ts", "user")] + [("status", pa.int64())])
    options = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    began, spent = time.perf_counter(), time.process_time()
    with pa_json.open_json(log, pa_json.ReadOptions(block_size=1 << 20), options) as batches:
        for _ in batches:
            pass
    took = time.perf_counter() - began, time.process_time() - spent
    return *took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def passing(log: Path) -> tuple[float, float, float]:
    """The same for going through the file and counting its lines."""
    began, spent = time.perf_counter(), time.process_time()
    with log.open("rb") as file:
        while block := file.read(1 << 20):
            block.count(b"\n")
    took = time.perf_counter() - began, time.process_time() - spent
    return *took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
