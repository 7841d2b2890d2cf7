"""Checks of a candidate that no user has met yet."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator

from prefect import get_run_logger, task

from greenramp.clients.payloads import payloads_of
from greenramp.clients.scoring import Answer, Scoring
from greenramp.config import Service
from greenramp.plan import Candidate
from greenramp.providers.base import RunningEnvironment
from greenramp.verdict import Outcome, Verdict
from tasks.policy import STEP


@task(**STEP, timeout_seconds=600, task_run_name="smoke test: version {candidate.version}")
def smoke_test(plan: Service, environment: RunningEnvironment, candidate: Candidate) -> tuple[Verdict, ...]:
    """Does the meant version answer, well, fast enough, and refuse nonsense without harm?"""
    verdicts: list[Verdict] = []
    for host, port in environment.addresses:
        verdicts += _check(Scoring(f"http://{host}:{port}", plan.traffic.timeout_seconds), plan, environment, candidate)
    for verdict in verdicts:
        get_run_logger().info("%s", verdict)
    return tuple(verdicts)


def _check(scoring: Scoring, plan: Service, environment: RunningEnvironment, candidate: Candidate) -> Iterator[Verdict]:
    payloads = payloads_of(candidate.model_path)
    answers = [scoring.score(payloads[i % len(payloads)]) for i in range(plan.smoke.requests)] if payloads else []
    if answers:
        yield _answered(answers)
        yield _finite(answers)
        yield _fast(answers, plan.smoke.max_latency_ms)
    nonsense = scoring.score({"nonsense": True})
    yield _refused(nonsense, scoring.ready())
    yield _meant(nonsense, environment, candidate)


def _verdict(name: str, good: bool, sentence: str) -> Verdict:
    return Verdict(f"smoke/{name}", Outcome.PASS if good else Outcome.FAIL, sentence)


def _answered(answers: list[Answer]) -> Verdict:
    bad = [a for a in answers if a.status != 200 or not a.predictions]
    said = f"; the first said {bad[0].status} {' '.join(bad[0].text.split())[:200]}" if bad else ""
    return _verdict("answers", not bad, f"{len(answers) - len(bad)} of {len(answers)} requests were answered{said}")


def _finite(answers: list[Answer]) -> Verdict:
    values = [p for a in answers for p in a.predictions or []]
    bad = [v for v in values if v is None or (isinstance(v, float) and not math.isfinite(v))]
    return _verdict("values", not bad, f"{len(bad)} of {len(values)} predictions are null or not finite")


def _fast(answers: list[Answer], limit_ms: float) -> Verdict:
    median = statistics.median(a.ms for a in answers)
    return _verdict("latency", median <= limit_ms, f"median {median:.1f} ms, allowed {limit_ms:g} ms")


def _refused(nonsense: Answer, alive: bool) -> Verdict:
    sentence = f"nonsense was answered with {nonsense.status}" + ("" if alive else ", and the server is gone")
    return _verdict("bad-input", 400 <= nonsense.status < 500 and alive, sentence)


def _meant(answer: Answer, environment: RunningEnvironment, candidate: Candidate) -> Verdict:
    seen = {"version": answer.version, "environment": answer.environment}
    wanted = {"version": candidate.version, "environment": environment.side.value}
    return _verdict("version", seen == wanted, f"answered by {json.dumps(seen)}, meant {json.dumps(wanted)}")
