"""From what the tests found to verdicts: the pairing first, since all else goes by the pairs."""

from __future__ import annotations

import math

from greenramp.gates.wording import odds
from greenramp.shadow.checks import Seen, check
from greenramp.shadow.measures import Measures
from greenramp.shadow.paired import judge_pairs
from greenramp.shadow.pairing import Pairing
from greenramp.shadow.rules import PREFIX, ShadowRules, Test
from greenramp.verdict import Outcome, Verdict


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
