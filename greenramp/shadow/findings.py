"""What was found, in one sentence each, the most important first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from greenramp.gates.wording import number, percent
from greenramp.shadow.diagnoses_classes import class_diagnoses
from greenramp.shadow.diagnoses_numbers import number_diagnoses
from greenramp.shadow.kinds import Kind
from greenramp.shadow.measures import Measures
from greenramp.shadow.paired import PAIRS, dropped_words, many_dropped
from greenramp.shadow.rules import PREFIX, Test
from greenramp.verdict import Outcome, Verdict

_FEW_PAIRS = 20
_FEW_DIFFERENCES = 8
_MOST, _LIFT, _NEARLY_ALL = 0.6, 3.0, 0.95  # part of all differences in a slice, and how much more than its traffic


class Finding(NamedTuple):
    """importance: share of the requests concerned, plus what makes it worse than another; for the order alone."""

    sentence: str
    importance: float


def find(verdicts: Sequence[Verdict], measures: Measures) -> list[Finding]:
    """All that is worth saying; never empty."""
    found = [*_of_pairing(verdicts, measures), *_of_failures(measures), *_of_answers(measures), *_of_slices(measures)]
    found += _of_verdicts(verdicts)
    found = [finding for finding in found if finding.importance > 0]
    found.sort(key=lambda finding: -finding.importance)
    return found or [Finding(_nothing(measures), 0.0)]


def _of_pairing(verdicts: Sequence[Verdict], measures: Measures) -> Iterator[Finding]:
    for verdict in verdicts:
        if verdict.outcome in (Outcome.UNAVAILABLE, Outcome.INVALID):
            yield Finding(verdict.sentence, 100.0)
        elif verdict.gate == PAIRS:
            dropped, asked = verdict.numbers["dropped"], verdict.numbers["copies"]
            if many_dropped(measures.rules, dropped, asked):
                yield Finding(dropped_words(dropped, asked), dropped / asked)


def _of_failures(measures: Measures) -> Iterator[Finding]:
    """Answers that are missing, or none; a single one of many thousand is not the first thing to say."""
    tally = measures.tally
    if failed := tally.candidate_failed:
        sentence = f"the candidate fails {failed:,} of {tally.pairs:,} requests that the champion answers"
        yield Finding(sentence + _why(tally.errors, failed), _weight(failed, tally.pairs))
    if invalid := tally.candidate_invalid:
        seen = tally.compared + invalid
        sentence = f"the candidate gives no valid answer to {invalid:,} of {seen:,} requests"
        yield Finding(sentence + _why(tally.faults, invalid), _weight(invalid, seen))


def _weight(bad: int, seen: int) -> float:
    return 8 * bad / seen + (bad > 0.001 * seen)


def _why(words: Mapping[str, int], count: int) -> str:
    word = max(words, key=lambda key: words[key], default="")
    return f": {word}" if words.get(word, 0) >= count / 2 else ""


def _of_answers(measures: Measures) -> Iterator[Finding]:
    if measures.kind is not None and measures.kind.numeric:
        for sentence, importance in number_diagnoses(measures):
            yield Finding(sentence, importance)
    if measures.kind in (Kind.LABELS, Kind.CLASS_PROBABILITIES) or measures.rules.threshold is not None:
        for sentence, importance in class_diagnoses(measures.confusion):
            yield Finding(sentence, importance)
    if measures.kind is Kind.OUTPUTS and (where := measures.confusion.of_live):
        worst, differing = max(where, key=lambda name: where[name]), measures.tally.differing
        if differing >= _FEW_PAIRS and where[worst] >= _NEARLY_ALL * sum(where.values()):
            yield Finding(f"the differences are in {worst}, counted from 0", differing / measures.tally.compared)


def _of_slices(measures: Measures) -> Iterator[Finding]:
    """Where differences are concentrated; they have to be enough, and the slice has to be narrow."""
    for column in measures.slices.columns:
        parts = column.slices()
        pairs, bad = sum(part.pairs for part in parts), sum(part.bad for part in parts)
        for part in parts:
            inside, wide = (part.bad / bad if bad else 0.0), (part.pairs / pairs if pairs else 1.0)
            mostly = inside >= _MOST and inside >= _LIFT * wide
            if part.bad < _FEW_DIFFERENCES or not (mostly or (inside >= _NEARLY_ALL and wide <= 0.5)):
                continue
            words = f"all {bad:,}" if part.bad == bad else f"{part.bad:,} of {bad:,}"
            rate = part.bad / part.pairs
            sentence = f"{words} differences lie in {part.name} ({percent(rate)} of its {part.pairs:,} requests differ)"
            yield Finding(sentence, 0.5 + inside - wide)


def _of_verdicts(verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    """What has failed is said even where no cause is known; that the candidate is less right is said early."""
    for verdict in verdicts:
        if verdict.outcome is not Outcome.FAIL:
            continue
        if verdict.gate == PREFIX + Test.LATENCY:
            yield Finding(f"the candidate is slower: {_times(verdict.numbers)}", 0.4)
        else:
            labelled = verdict.gate in (PREFIX + Test.ACCURACY, PREFIX + Test.ERROR_SIZE)
            yield Finding(verdict.sentence.split(" (o")[0].split("; shown")[0], 1.4 if labelled else 0.3)


def _times(numbers: Mapping[str, float]) -> str:
    """The quantile at which the candidate is slowest beside the champion."""
    slower = {word: numbers[f"{word}_ms"] / max(numbers[f"champion_{word}_ms"], 1e-9) for word in ("median", "p99")}
    word = max(slower, key=lambda key: slower[key])
    words = {"median": "a median of", "p99": "99 % of answers within"}
    return f"{words[word]} {number(numbers[f'{word}_ms'])} ms against {number(numbers[f'champion_{word}_ms'])} ms"


def _nothing(measures: Measures) -> str:
    tally = measures.tally
    if not tally.pairs:
        return "no request has been answered by both sides yet"
    if not tally.compared:
        return f"none of {tally.pairs:,} pairs of answers could be compared"
    rate = percent(tally.differing / tally.compared)
    return f"no difference stands out: {rate} of {tally.compared:,} requests are answered differently"
