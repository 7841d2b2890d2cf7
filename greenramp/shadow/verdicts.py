"""From what the tests found to verdicts: the pairing first, since all else goes by the pairs."""

from __future__ import annotations

import math

from greenramp.gates.one_rate import OneRate
from greenramp.gates.wording import number, odds, percent
from greenramp.shadow.checks import Seen, check
from greenramp.shadow.measures import Measures
from greenramp.shadow.pairing import Pairing
from greenramp.shadow.rules import PREFIX, ShadowRules, Test
from greenramp.verdict import Outcome, Verdict

PAIRS = f"{PREFIX}pairs"
_FEW = 20  # requests without an answer from which on silence is no accident
_ALPHA_PAIRS = 0.001


def judge(rules: ShadowRules, pairing: Pairing, measures: Measures) -> list[Verdict]:
    """What the pairing and each rule say. Harm is told at any number of pairs, a pass needs `min_pairs`."""
    tests = rules.tests(measures.kind, sliced=bool(measures.slices.columns))
    verdicts = [judge_pairs(rules, pairing)]
    for test in tests:
        alpha = rules.alpha_of(test, tests)
        verdicts.append(_verdict(test, check(test, rules, measures, alpha), rules, alpha))
    for test in rules.require:
        if test not in tests:
            verdicts.append(_never_shown(test, measures))
    return verdicts


def _never_shown(test: Test, measures: Measures) -> Verdict:
    """What is required but is not judged for these answers: no pass."""
    if measures.kind is None:
        return Verdict(PREFIX + test, Outcome.UNSURE, "no answers are known yet that it could be shown for")
    reason = f"nothing is judged by it where answers are {measures.kind.value}, or its limit is not set"
    return Verdict(PREFIX + test, Outcome.UNAVAILABLE, f"{reason}: take it out of shadow.require")


def judge_pairs(rules: ShadowRules, pairing: Pairing) -> Verdict:
    """Whether there are enough pairs to judge by, and few enough requests without one."""
    counts = pairing.counts
    live_alone, candidate_alone = counts.alone
    numbers = {
        "pairs": counts.pairs,
        "only_live": live_alone,
        "only_candidate": candidate_alone,
        "duplicates_live": counts.duplicates[0],
        "duplicates_candidate": counts.duplicates[1],
        "late": sum(counts.late),
        "waiting": sum(pairing.waiting),
    }
    since, silent = pairing.seconds_since_pair, counts.since_pair
    if silent[0] * rules.copied >= _FEW and since >= rules.silence_seconds:
        why = "the shadow gets no traffic" if not silent[1] else "their request ids do not meet"
        found = f"no pair in {number(since)} s though {silent[0]:,} requests came"
        found += f" and {silent[1]:,} copies were answered: {why}" if silent[1] else f": {why}"
        return Verdict(PAIRS, Outcome.UNAVAILABLE, found, numbers)
    allowed = 1 - rules.copied * (1 - rules.max_unpaired)
    for alone, limit, words in (
        (live_alone, allowed, "were answered by the champion only"),
        (candidate_alone, rules.max_unpaired, "were answered by the candidate only"),
    ):
        settled = counts.settled + alone
        if alone and OneRate(limit).log_above(alone, settled) >= -math.log(_ALPHA_PAIRS):
            found = (
                f"{alone:,} of {settled:,} requests ({percent(alone / settled)}) {words}, allowed {percent(limit)}: "
            )
            why = "what is missing may be what is wrong"
            if sum(counts.late) > alone / 2:
                why = f"the other answer comes after more than {number(pairing.timeout_seconds)} s"
            return Verdict(PAIRS, Outcome.INVALID, found + why, numbers)
    found = f"{counts.pairs:,} requests were answered by both, {live_alone + candidate_alone:,} by one side only"
    if counts.pairs < rules.min_pairs:
        return Verdict(PAIRS, Outcome.UNSURE, f"{found}; needs {rules.min_pairs:,} pairs", numbers)
    return Verdict(PAIRS, Outcome.PASS, found, numbers)


def _verdict(test: Test, found: Seen, rules: ShadowRules, alpha: float) -> Verdict:
    name = PREFIX + test
    harm_needed, safe_needed = -math.log(alpha), -math.log(rules.beta)
    numbers = dict(found.numbers)
    for word, log_odds, chance in (("against", found.harm, alpha), ("for", found.safe, rules.beta)):
        if math.isfinite(log_odds):
            numbers |= {f"log10_{word}": log_odds / math.log(10), f"log10_{word}_needed": -math.log10(chance)}
    if found.harm >= harm_needed:
        sure = f"; shown with odds of {odds(found.harm)}" if math.isfinite(found.harm) else ""
        return Verdict(name, Outcome.FAIL, found.sentence + sure, numbers)
    if found.seen < rules.min_pairs:
        needs = f"; {found.seen:,} pairs so far, needs {rules.min_pairs:,}"
        return Verdict(name, Outcome.UNSURE, found.sentence + needs, numbers)
    if test in rules.require and found.safe < safe_needed:
        return Verdict(name, Outcome.UNSURE, found.sentence + found.undecided + "; not decided yet", numbers)
    return Verdict(name, Outcome.PASS, found.sentence, numbers)
