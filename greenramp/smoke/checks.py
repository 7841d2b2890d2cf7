"""Verdicts on answers: are they there, finite, the same each time, quick, and by the version that is meant."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from greenramp.config.smoke import Smoke, Tolerance
from greenramp.smoke.agreement import difference
from greenramp.smoke.answer import Answer
from greenramp.smoke.report import verdict
from greenramp.smoke.wrong_input import WrongInput
from greenramp.verdict import Verdict


def answered(answers: Sequence[Answer]) -> Verdict:
    """Every request of the example was answered with predictions."""
    bad = [a for a in answers if not a.good]
    said = f"; the first said {bad[0]}" if bad else ""
    return verdict("answers", not bad, f"{len(answers) - len(bad)} of {len(answers)} requests were answered{said}")


def meant(answers: Iterable[Answer], version: str, environment: str) -> Verdict:
    """The version that answers is the one that is meant, on the side that is meant."""
    wanted = {"version": version, "environment": environment}
    seen = [{"version": a.version, "environment": a.environment} for a in answers]
    shown = next((one for one in seen if one != wanted), wanted)
    return verdict("version", shown == wanted, f"answered by {json.dumps(shown)}, meant {json.dumps(wanted)}")


def finite(answers: Iterable[Answer]) -> Verdict:
    """No prediction is null, NaN or infinite, at any depth."""
    values = [value for a in answers if a.good for value in _leaves(a.predictions)]
    bad = sum(v is None or (isinstance(v, float) and not math.isfinite(v)) for v in values)
    return verdict("values", not bad, f"{bad} of {len(values)} predictions are null or not finite")


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [value]


def fast(one_row: Sequence[float], smoke: Smoke) -> Verdict:
    """Median and 95th percentile of requests of one row, in ms."""
    ordered = sorted(one_row)
    middle, p95 = median(ordered), ordered[math.ceil(0.95 * len(ordered)) - 1]
    limit = smoke.max_p95_latency_ms
    good = middle <= smoke.max_latency_ms and (limit is None or p95 <= limit)
    sentence = (
        f"median {middle:.1f} ms, allowed {smoke.max_latency_ms:g} ms; p95 {p95:.1f} ms"
        f"{'' if limit is None else f', allowed {limit:g} ms'}; one row, {len(ordered)} requests one after another"
    )
    return verdict("latency", good, sentence, {"median_ms": middle, "p95_ms": p95})


def same_each_time(answers: Mapping[int, Sequence[Answer]], tolerance: Tolerance) -> Verdict:
    """The same request is answered the same each time. answers: by the number of the request."""
    total = sum(map(len, answers.values()))
    texts: dict[tuple[int, str], str | None] = {}
    example, other = "", 0
    for request, given in answers.items():
        for answer in given:
            key = (request, answer.text)
            if key not in texts:
                texts[key] = unlike(answer, given[0].predictions, tolerance)
            if found := texts[key]:
                other += 1
                example = example or f"; request {request + 1}, asked again: {found}"
    said = f"{len(answers)} request{'s' * (len(answers) != 1)} asked {total} times in all, "
    said += f"{other} time{'s' * (other != 1)} with another answer than the first time"
    return verdict("deterministic", not other, said + example)


def refused(wrong: WrongInput, answer: Answer, alive: bool) -> str | None:
    """What is wrong with an answer to a wrong request; None when it is refused with a reason."""
    what = wrong.what
    if not alive:
        return f"{what} was answered with {answer.status}, and the server is gone"
    if answer.status == 200 and wrong.may_pass:
        return None
    if not 400 <= answer.status < 500:
        return f"{what} was answered with {answer}, wanted 400 to 499"
    return None if answer.text.strip() else f"{what} was answered with {answer.status} without a reason"


def all_refused(count: int, faults: Sequence[str]) -> Verdict:
    """Every wrong request was refused. faults: what `refused` said."""
    said = f": {'; '.join(faults)}" if faults else ""
    return verdict("bad-input", not faults, f"{count - len(faults)} of {count} wrong requests did no harm{said}")


def unlike(answer: Answer, wanted: Sequence[Any] | None, tolerance: Tolerance) -> str | None:
    """How an answer differs from what is wanted, None when it does not. wanted: None when any predictions will do."""
    if not answer.good:
        return f"answered with {answer}"
    return None if wanted is None else difference(answer.predictions or [], wanted, tolerance)


def equal(check: str, found: Sequence[tuple[str, str | None]], than: str) -> Verdict:
    """Answers are those of another way to ask. found: (which request, how it differs); than: that other way."""
    differing = [f"{name}: {how}" for name, how in found if how]
    said = "; ".join([f"{len(found) - len(differing)} of {len(found)} {than}", *differing[:3]])
    return verdict(check, not differing, said)


def endured(answers: Sequence[Answer], wanted: int, seconds: float) -> Verdict:
    """Requests sent as fast as they were answered, four at a time, were all answered."""
    bad = [a for a in answers if not a.good]
    said = f"; the first of the others said {bad[0]}" if bad else ""
    short = f" ({wanted} were wanted, the time was up)" if len(answers) < wanted else ""
    rate = len(answers) / seconds if seconds else 0.0
    counted = f"{len(answers) - len(bad)} of {len(answers)} requests{short} answered"
    sentence = f"{counted} in {seconds:.1f} s, {rate:.0f} per second{said}"
    return verdict("endurance", not bad and bool(answers), sentence, {"requests_per_second": rate})


def started(seconds: float, limit: float | None) -> Verdict:
    """How long the start took until the first answer."""
    allowed = "" if limit is None else f", allowed {limit:g} s"
    good = limit is None or seconds <= limit
    return verdict("cold-start", good, f"ready {seconds:.1f} s after its start{allowed}", {"seconds": seconds})


def small(before_mb: float, after_mb: float, per_request: float | None, sent: int, smoke: Smoke) -> Verdict:
    """Memory of the processes, and what every 1,000 requests leave behind. per_request: MB, None when unknown."""
    limit, most = smoke.max_memory_mb, max(before_mb, after_mb)
    per_thousand = None if per_request is None else max(0.0, 1000 * per_request)
    good = (limit is None or most <= limit) and (per_thousand is None or per_thousand <= smoke.max_memory_growth_mb)
    sentence = f"{before_mb:.0f} MB before, {after_mb:.0f} MB after {sent} requests"
    sentence += "" if limit is None else f", allowed {limit:g} MB"
    numbers = {"before_mb": before_mb, "after_mb": after_mb}
    if per_thousand is not None:
        sentence += f"; grows by {per_thousand:.1f} MB per 1,000 requests, allowed {smoke.max_memory_growth_mb:g} MB"
        numbers["mb_per_1000_requests"] = per_thousand
    return verdict("memory", good, sentence, numbers)
