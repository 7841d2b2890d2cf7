"""Counts over pairs that need to know nothing of the answers' kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from greenramp.gates.histogram import BINS, counted, quantile
from greenramp.gates.likelihood import Floats
from greenramp.shadow.answers import Answer, Pair
from greenramp.shadow.comparing import Compared

QUANTILES = (0.5, 0.9, 0.99)
_KNOWN, _BLOCK = 100, 200  # times from which quantiles are taken; pairs that are held against the same ones
_MOST_WORDS = 50


def _two_histograms() -> list[list[int]]:
    return [[0] * BINS, [0] * BINS]


@dataclass
class Tally:
    """Pairs by what happened.

    live_failed, candidate_failed: only that side did. unlogged: an answer was too large for the log, or is missing.
    live_invalid, candidate_invalid: only that side's answer was not valid. compared: both were; differing: of these.
    slow: for each of QUANTILES of the champion's times, pairs of which only the candidate took longer than that (and
    the margin), and only the champion did; of `timed`, once the quantile is known.
    errors, faults: why the candidate failed, and why its answer was not valid, with how often.
    ms, sizes: histograms of both sides.
    """

    pairs: int = 0
    live_failed: int = 0
    candidate_failed: int = 0
    both_failed: int = 0
    unlogged: int = 0
    live_invalid: int = 0
    candidate_invalid: int = 0
    both_invalid: int = 0
    compared: int = 0
    differing: int = 0
    timed: int = 0
    slow: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in QUANTILES])
    over_budget: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    ms: list[list[int]] = field(default_factory=_two_histograms)
    sizes: list[list[int]] = field(default_factory=_two_histograms)

    def count(self, pair: Pair, compared: Compared | None) -> None:
        """Take in one pair; `compared` is None when there were not two answers to compare."""
        self.pairs += 1
        live, candidate = pair.live.failed, pair.candidate.failed
        if live or candidate:
            self.both_failed += live and candidate
            self.live_failed += live and not candidate
            self.candidate_failed += candidate and not live
            if candidate and not live:
                _say(self.errors, _failure(pair.candidate))
        elif compared is None:
            self.unlogged += 1
        elif compared.agree is None:
            self.both_invalid += bool(compared.live_wrong and compared.candidate_wrong)
            self.live_invalid += not compared.candidate_wrong
            if compared.candidate_wrong and not compared.live_wrong:
                self.candidate_invalid += 1
                _say(self.faults, compared.candidate_wrong)
        else:
            self.compared += 1
            self.differing += not compared.agree

    def time(self, pairs: Sequence[Pair], margin: float, budget_ms: float | None) -> None:
        """Take in how long both sides took, where both answered; and how large the answers were."""
        timed = [(p.live.ms, p.candidate.ms) for p in pairs if not p.live.failed and not p.candidate.failed]
        timed = [(a, b) for a, b in timed if 0 <= a < math.inf and 0 <= b < math.inf]
        for start in range(0, len(timed), _BLOCK):
            live, candidate = np.array(timed[start : start + _BLOCK], dtype=np.float64).T
            if self.timed >= _KNOWN:
                self._exceed(live, candidate / (1 + margin))
            self.timed += live.size
            self.over_budget += int((candidate > budget_ms).sum()) if budget_ms is not None else 0
            self.ms = [_added(self.ms[side], values) for side, values in enumerate((live, candidate))]
        for side, answers in enumerate(([p.live for p in pairs], [p.candidate for p in pairs])):
            sizes = [answer.size for answer in answers if answer.size is not None]
            if sizes:
                self.sizes[side] = _added(self.sizes[side], np.array(sizes, dtype=np.float64))

    def _exceed(self, live: Floats, candidate: Floats) -> None:
        """Count who is above the quantiles of the champion's times so far; they may not look at the block."""
        for share, counts in zip(QUANTILES, self.slow, strict=True):
            limit = self.quantile_ms(0, share)
            counts[0] += int(((candidate > limit) & (live <= limit)).sum())
            counts[1] += int(((live > limit) & (candidate <= limit)).sum())

    def quantile_ms(self, side: int, share: float) -> float:
        """Time within which this share of a side's answers came, to a few percent; not a number without any."""
        return quantile_of(self.ms[side], share)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return asdict(self)

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Tally:
        """Go on from a state."""
        return cls(**state)


def quantile_of(counts: Sequence[int], share: float) -> float:
    """Quantile of a histogram (greenramp.gates.histogram); not a number when it is empty."""
    return quantile(np.array(counts), share) if any(counts) else math.nan


def _say(words: dict[str, int], word: str) -> None:
    if word in words or len(words) < _MOST_WORDS:
        words[word] = words.get(word, 0) + 1


def _failure(answer: Answer) -> str:
    return f"status {answer.status}" + (f": {answer.error[:80]}" if answer.error else "")


def _added(counts: list[int], values: Floats) -> list[int]:
    return [int(n) for n in np.array(counts) + counted(values)]
