"""Whether there are pairs enough to judge by, and whether what is missing among them may be what is wrong."""

from __future__ import annotations

import math

from greenramp.gates.one_rate import OneRate
from greenramp.gates.wording import number, percent
from greenramp.shadow.pairing import PairCounts, Pairing
from greenramp.shadow.rules import PREFIX, ShadowRules
from greenramp.verdict import Outcome, Verdict

PAIRS = f"{PREFIX}pairs"

MOST_DROPPED = 0.5
"""Where more of the copies are dropped, what is compared is what the candidate had time for."""

_FEW = 20  # requests without an answer from which on silence is no accident
_ALPHA = 0.001


def judge_pairs(rules: ShadowRules, pairing: Pairing) -> Verdict:
    """Whether there are enough pairs to judge by, and few enough requests without one.

    Requests whose copy the router dropped say nothing against the candidate, and nothing for it: there have to be
    as many pairs as ever, and not most of the copies may be dropped.
    """
    counts = pairing.counts
    numbers = {
        "pairs": counts.pairs,
        "only_live": counts.alone[0],
        "only_candidate": counts.alone[1],
        "copies": counts.asked,
        "dropped": counts.dropped,
        "duplicates_live": counts.duplicates[0],
        "duplicates_candidate": counts.duplicates[1],
        "late": sum(counts.late),
        "waiting": sum(pairing.waiting),
    }
    if why := _silence(rules, pairing):
        return Verdict(PAIRS, Outcome.UNAVAILABLE, why, numbers)
    if why := _left_out(rules, pairing) or _mostly_dropped(counts):
        return Verdict(PAIRS, Outcome.INVALID, why, numbers)
    found = f"{counts.pairs:,} requests were answered by both, {sum(counts.alone):,} by one side only"
    if counts.dropped_alone:
        found += f", {counts.dropped_alone:,} of these since their copies were dropped"
    if counts.pairs >= rules.min_pairs:
        return Verdict(PAIRS, Outcome.PASS, found, numbers)
    found += f"; needs {rules.min_pairs:,} pairs"
    if many_dropped(rules, counts.dropped, counts.asked):
        found += f"; {dropped_words(counts.dropped, counts.asked)}"
    return Verdict(PAIRS, Outcome.UNSURE, found, numbers)


def many_dropped(rules: ShadowRules, dropped: float, asked: float) -> bool:
    """Whether so many of the copies were dropped that it has to be said."""
    return dropped > rules.max_unpaired * asked


def dropped_words(dropped: float, asked: float) -> str:
    """How many of the copies were dropped, why, and what helps."""
    return (
        f"{dropped:,.0f} of {asked:,.0f} copies ({percent(dropped / asked)}) were dropped, since the candidate had too "
        "many open: copy fewer (shadow.percent), make the model faster, or run more replicas"
    )


def _silence(rules: ShadowRules, pairing: Pairing) -> str:
    """Why no pairs come though requests do; empty when they come, or nobody asks."""
    counts, since = pairing.counts, pairing.seconds_since_pair
    (requests, answers), dropped = counts.since_pair, counts.dropped - counts.dropped_at_pair
    if requests * rules.copied < _FEW or since < rules.silence_seconds:
        return ""
    found = f"no pair in {number(since)} s though {requests:,} requests came"
    if answers:
        return f"{found} and {answers:,} copies were answered: their request ids do not meet"
    if dropped:
        return f"{found}: the candidate answers no copy, and {dropped:,} were dropped since it had too many open"
    return f"{found}: the shadow gets no traffic"


def _left_out(rules: ShadowRules, pairing: Pairing) -> str:
    """Of which requests too many have no pair, beside those whose copies were dropped; empty when of none."""
    counts, dropped = pairing.counts, pairing.counts.dropped_alone
    live_alone, candidate_alone = counts.alone
    rest = counts.settled + live_alone - dropped
    copied = rules.copied * (rest + dropped) - dropped  # of the rest
    for alone, settled, limit, words in (
        (live_alone - dropped, rest, 1 - copied / max(rest, 1) * (1 - rules.max_unpaired), "champion"),
        (candidate_alone, counts.settled + candidate_alone, rules.max_unpaired, "candidate"),
    ):
        if not alone or limit >= 1 or OneRate(limit).log_above(alone, settled) < -math.log(_ALPHA):
            continue
        found = f"{alone:,} of {settled:,} requests ({percent(alone / settled)}) were answered by the {words} only"
        if words == "champion" and dropped:
            found += f" (beside {dropped:,} whose copies were dropped)"
        why = "what is missing may be what is wrong"
        if sum(counts.late) > alone / 2:
            why = f"the other answer comes after more than {number(pairing.timeout_seconds)} s"
        return f"{found}, allowed {percent(limit)}: {why}"
    return ""


def _mostly_dropped(counts: PairCounts) -> str:
    if OneRate(MOST_DROPPED).log_above(counts.dropped, counts.asked) < -math.log(_ALPHA):
        return ""
    return dropped_words(counts.dropped, counts.asked)
