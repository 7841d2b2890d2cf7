"""Pairs enough, and none missing that count: copies that the router dropped are told from those that were lost."""

import json

import pytest

from greenramp.shadow.answers import Copied
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.rules import ShadowRules

CURE = "copy fewer (shadow.percent), make the model faster, or run more replicas"


@pytest.fixture
def compared(sides):
    """Compare 2,000 requests, of which so many were not copied, so many dropped, and so many lost; evenly mixed."""

    def compare(*, dropped=0, lost=0, uncopied=0, requests=2000, **rules):
        found, live = ShadowComparison(ShadowRules(**rules)), sides.answers([["a"], ["b"]] * (requests // 2))
        without = dropped + lost + uncopied
        mixed = [(n * 7919) % requests for n in range(requests)]
        found.note(Copied(requests - uncopied, dropped))
        for start in range(0, requests, 200):
            part = range(start, start + 200)
            found.take([live[n] for n in part], [live[n] for n in part if mixed[n] >= without])
        found.finish()
        return found

    return compare


def pairs_of(found):
    return next(v for v in found.verdicts() if v.gate == "shadow/pairs")


def test_requests_whose_copies_were_dropped_are_not_held_against_the_candidate(compared):
    verdict = pairs_of(compared(dropped=600))
    assert str(verdict) == (
        "shadow/pairs is pass: 1,400 requests were answered by both, 600 by one side only, 600 of these since their "
        "copies were dropped"
    )
    assert (verdict.numbers["dropped"], verdict.numbers["copies"]) == (600, 2000)


def test_what_is_lost_beside_the_dropped_ones_is_held_against_it(compared):
    verdict = pairs_of(compared(dropped=600, lost=400))
    assert verdict.outcome.value == "invalid"
    assert verdict.sentence == (
        "400 of 1,400 requests (28.6 %) were answered by the champion only (beside 600 whose copies were dropped), "
        "allowed 10 %: what is missing may be what is wrong"
    )


@pytest.mark.parametrize(("lost", "outcome"), [(0, "pass"), (20, "pass"), (250, "invalid")])
def test_the_share_that_may_be_lost_is_of_the_copies_that_were_sent(compared, lost, outcome):
    found = compared(uncopied=1000, dropped=450, lost=lost, copied=0.5)
    assert pairs_of(found).outcome.value == outcome


def test_no_candidate_passes_when_most_of_its_copies_were_dropped(compared):
    found = compared(dropped=1300)
    assert pairs_of(found).outcome.value == "invalid"
    assert pairs_of(found).sentence == (
        f"1,300 of 2,000 copies (65 %) were dropped, since the candidate had too many open: {CURE}"
    )
    assert found.findings()[0].sentence == pairs_of(found).sentence


def test_too_few_pairs_stay_too_few_and_it_is_said_that_copies_were_dropped(compared):
    verdict = pairs_of(compared(dropped=800, min_pairs=1500))
    assert verdict.outcome.value == "unsure"
    assert verdict.sentence.startswith("1,200 requests were answered by both, 800 by one side only, 800 of these")
    assert verdict.sentence.endswith(
        f"needs 1,500 pairs; 800 of 2,000 copies (40 %) were dropped, since the candidate had too many open: {CURE}"
    )


@pytest.mark.parametrize(("dropped", "told"), [(100, False), (600, True)])
def test_many_dropped_copies_are_a_finding(compared, dropped, told):
    sentences = [finding.sentence for finding in compared(dropped=dropped).findings()]
    assert any(CURE in sentence for sentence in sentences) is told


def test_a_few_dropped_copies_are_no_proof_of_most(sides):
    found, answers = ShadowComparison(ShadowRules(min_pairs=5)), sides.answers([["a"]] * 10)
    found.note(Copied(10, 6))
    found.take(answers, answers[:4])
    assert pairs_of(found).outcome.value == "unsure"


def test_a_candidate_that_hangs_is_told_from_one_that_is_not_asked(sides):
    found, answers = ShadowComparison(ShadowRules(silence_seconds=2.0)), sides.answers([["a"]] * 300)
    found.note(Copied(300, 140))
    found.take(answers, [])
    assert str(pairs_of(found)) == (
        "shadow/pairs is unavailable: no pair in 3 s though 300 requests came: the candidate answers no copy, and 140 "
        "were dropped since it had too many open"
    )


def test_copies_dropped_before_the_last_pair_are_no_reason_for_a_silence(sides):
    found, answers = ShadowComparison(ShadowRules(silence_seconds=2.0)), sides.answers([["a"]] * 400)
    found.note(Copied(100, 30))
    found.take(answers[:100], answers[:70])
    found.take(answers[100:], [])
    assert pairs_of(found).sentence.endswith("the shadow gets no traffic")


def test_what_was_dropped_is_part_of_its_state_and_of_its_report(compared):
    first = compared(dropped=600)
    second = ShadowComparison(ShadowRules()).restore(json.loads(json.dumps(first.state())))
    assert pairs_of(second) == pairs_of(first)
    assert (second.report()["pairs"]["copies"], second.report()["pairs"]["dropped"]) == (2000, 600)
