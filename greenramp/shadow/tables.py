"""The comparison as plain data: pairs as rows of a table, and all measures for a page and its plots."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from greenramp.gates.histogram import BINS, HIGHEST, LOWEST
from greenramp.shadow.checks import slices_over
from greenramp.shadow.distribution import psi_of
from greenramp.shadow.findings import Finding
from greenramp.shadow.kinds import Kind
from greenramp.shadow.measures import Measures
from greenramp.shadow.pairing import Pairing
from greenramp.shadow.rules import ShadowRules, Test
from greenramp.shadow.sample import Row
from greenramp.shadow.tally import QUANTILES, quantile_of
from greenramp.shadow.worst import Worst
from greenramp.verdict import Verdict


def table(rows: Sequence[Row]) -> list[Row]:
    """Rows for a DataFrame: one cell for each value, the same columns in each; features by their own names.

    A feature with the name of another column is called "feature_..."; lists and objects become JSON text.
    """
    names = list(dict.fromkeys(name for row in rows for name in row["features"]))
    return [_flat(row, names) for row in rows]


def _flat(row: Row, names: Sequence[str]) -> Row:
    flat = {name: _cell(value) for name, value in row.items() if name not in ("features", "first")}
    for name in names:
        flat[f"feature_{name}" if name in row else name] = _cell(row["features"].get(name))
    return flat


def _cell(value: Any) -> Any:
    return json.dumps(value, default=str) if isinstance(value, list | dict) else value


def report(
    rules: ShadowRules,
    pairing: Pairing,
    measures: Measures,
    verdicts: Sequence[Verdict],
    findings: Sequence[Finding],
) -> dict[str, Any]:
    """All that a page shows; plain data without NaN. The headline is the most important finding."""
    tally, shape = measures.tally, measures.shape
    tests = rules.tests(measures.kind, sliced=bool(measures.slices.columns))
    confusion, outputs = measures.confusion, measures.kind is Kind.OUTPUTS
    over, sure = slices_over(rules, measures), -math.log(rules.alpha_of(Test.SLICES, tests))
    found: dict[str, Any] = _finite(
        {
            "headline": findings[0].sentence,
            "findings": [finding.sentence for finding in findings],
            "verdicts": [
                {"gate": v.gate, "outcome": v.outcome.value, "sentence": v.sentence, "numbers": dict(v.numbers)}
                for v in verdicts
            ],
            "kind": measures.kind.value if measures.kind else None,
            "spread": shape.spreads[0] if shape else None,
            "limits": {"same_within": rules.same_within, "slice": rules.slice_limit},
            "pairs": {
                "pairs": pairing.counts.pairs,
                "only_live": pairing.counts.alone[0],
                "only_candidate": pairing.counts.alone[1],
                "copies": pairing.counts.asked,
                "dropped": pairing.counts.dropped,
                "waiting": sum(pairing.waiting),
                "duplicates": pairing.counts.duplicates,
                "late": pairing.counts.late,
            },
            "answers": {
                "compared": tally.compared,
                "differing": tally.differing,
                "live_failed": tally.live_failed,
                "candidate_failed": tally.candidate_failed,
                "both_failed": tally.both_failed,
                "live_invalid": tally.live_invalid,
                "candidate_invalid": tally.candidate_invalid,
                "both_invalid": tally.both_invalid,
                "unlogged": tally.unlogged,
                "errors": _by_count(tally.errors),
                "faults": _by_count(tally.faults),
            },
            "latency_ms": [{f"{share:g}": tally.quantile_ms(side, share) for share in QUANTILES} for side in range(2)],
            "latency_bins": [_filled(counts) for counts in tally.ms],
            "size_bytes": [quantile_of(counts, 0.5) for counts in tally.sizes],
            "differences": measures.distribution.differences() if measures.distribution else None,
            "psi": _psi(measures),
            "confusion": {"classes": confusion.classes, "cells": confusion.cells} if not outputs else None,
            "outputs": confusion.of_live if outputs else {},
            "slices": [
                {**part._asdict(), "over": over.get(part.name, 0.0) >= sure} for part in measures.slices.slices()
            ],
            "sample": [
                {name: row[name] for name in ("id", "first", "difference", "agree")}
                for row in measures.sample.rows
                if row["difference"] is not None
            ],
            "worst": {sort.value: measures.worst.rows(sort) for sort in Worst},
        }
    )
    return found


def _by_count(words: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(words.items(), key=lambda item: -item[1]))


def _psi(measures: Measures) -> float | None:
    if measures.distribution:
        return measures.distribution.psi()
    if measures.kind is Kind.OUTPUTS:
        return None
    live, candidate = measures.confusion.of_live, measures.confusion.of_candidate
    names = measures.confusion.classes
    return psi_of([live.get(n, 0) for n in names], [candidate.get(n, 0) for n in names]) if names else None


def _filled(counts: Sequence[int]) -> list[list[float]]:
    """Bins of times that hold anything: upper end in milliseconds, count."""
    wide = math.log(HIGHEST / LOWEST) / BINS
    return [[LOWEST * math.exp((number + 1) * wide), count] for number, count in enumerate(counts) if count]


def _finite(value: Any) -> Any:
    """The same without NaN and infinities, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
