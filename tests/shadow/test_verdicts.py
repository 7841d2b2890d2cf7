"""Verdicts: what is allowed, what is shown, and what can't be judged; each says so in one sentence."""

import math

import numpy as np
import pytest

from greenramp.gates.likelihood import log_mean_exp
from greenramp.gates.one_rate import OneRate
from greenramp.gates.rate_gate import RateGate
from greenramp.shadow.answers import Answer
from greenramp.shadow.comparison import ShadowComparison
from greenramp.shadow.kinds import Kind
from greenramp.shadow.rules import ShadowRules, Test


def said(comparison, name):
    return next(v for v in comparison.verdicts() if v.gate == f"shadow/{name}")


def rows(values):
    return [[value] for value in values]


def differing(sides, count, of, **rules):
    """`count` of `of` answers differ, evenly spread."""
    live = ["a", "b"] * (of // 2)
    step = of // count
    candidate = ["c" if n % step == 0 and n // step < count else label for n, label in enumerate(live)]
    return sides.compare(rows(live), rows(candidate), **rules)


def test_agreement_is_told_in_counts(sides):
    verdict = said(differing(sides, 61, 1960), "agreement")
    assert str(verdict) == (
        "shadow/agreement is pass: the candidate answers 3.1 % of requests differently (61 of 1,960), allowed 10 %"
    )
    assert verdict.numbers["rate"] == 61 / 1960


def test_more_disagreement_than_allowed_fails_with_its_odds(sides):
    verdict = said(differing(sides, 200, 1000), "agreement")
    assert verdict.outcome.value == "fail"
    assert verdict.sentence.startswith(
        "the candidate answers 20 % of requests differently (200 of 1,000), allowed 10 %"
    )
    assert verdict.numbers["log10_against"] >= verdict.numbers["log10_against_needed"]


def test_about_as_much_as_allowed_is_not_decided_yet(sides):
    verdict = said(differing(sides, 100, 1000), "agreement")
    assert verdict.outcome.value == "unsure"
    assert "in the long run); not decided yet" in verdict.sentence


def test_what_does_not_have_to_be_shown_passes_while_nothing_is_against_it(sides):
    assert said(differing(sides, 100, 1000, require=()), "agreement").outcome.value == "pass"


def test_nothing_passes_before_there_are_pairs_enough(sides):
    found = differing(sides, 1, 150)
    assert {v.outcome.value for v in found.verdicts()} == {"unsure"}
    assert "needs 200" in said(found, "agreement").sentence


def test_without_any_answers_nothing_is_said_for_the_candidate():
    found = ShadowComparison(ShadowRules())
    assert {v.outcome.value for v in found.verdicts()} == {"unsure"}
    assert found.findings()[0].sentence == "no request has been answered by both sides yet"


def test_a_shadow_that_gets_no_traffic_is_unavailable(sides):
    found = ShadowComparison(ShadowRules(silence_seconds=2.0))
    found.take(sides.answers([["a"]] * 300), [])
    verdict = said(found, "pairs")
    assert verdict.outcome.value == "unavailable"
    assert verdict.sentence == "no pair in 3 s though 300 requests came: the shadow gets no traffic"
    assert found.findings()[0].sentence == verdict.sentence


def test_a_shadow_that_falls_silent_later_is_unavailable(sides):
    found = ShadowComparison(ShadowRules(silence_seconds=2.0))
    answers = sides.answers([["a"]] * 1000)
    found.take(answers[:500], answers[:500])
    assert said(found, "pairs").outcome.value == "pass"
    found.take(answers[500:600], [])
    assert said(found, "pairs").outcome.value == "pass"
    found.take(answers[600:], answers[600:610])
    assert said(found, "pairs").outcome.value == "pass"
    found.take([answer._replace(id=f"more-{answer.id}", ts=answer.ts + 10) for answer in answers[:300]], [])
    assert said(found, "pairs").sentence.endswith("though 300 requests came: the shadow gets no traffic")


def test_ids_that_never_meet_are_told_from_silence(sides):
    found = ShadowComparison(ShadowRules(silence_seconds=2.0))
    answers = sides.answers([["a"]] * 300)
    found.take(answers, [answer._replace(id=f"other-{answer.id}") for answer in answers])
    assert said(found, "pairs").sentence == (
        "no pair in 3 s though 300 requests came and 300 copies were answered: their request ids do not meet"
    )


@pytest.mark.parametrize(("requests", "seconds"), [(300, 2.5), (15, 60.0)], ids=["too soon", "too few"])
def test_silence_is_told_from_patience(sides, requests, seconds):
    found = ShadowComparison(ShadowRules(silence_seconds=3.0))
    answers = [answer._replace(ts=seconds * n / requests) for n, answer in enumerate(sides.answers([["a"]] * requests))]
    found.take(answers, [])
    assert said(found, "pairs").outcome.value == "unsure"


def test_while_nobody_asks_nothing_is_unavailable(sides):
    found = ShadowComparison(ShadowRules(silence_seconds=2.0))
    found.take(sides.answers([["a"]] * 10), [])
    for _ in range(10):
        found.take([], [])
    assert said(found, "pairs").outcome.value == "unsure"


@pytest.mark.parametrize(("lost", "outcome"), [(0.02, "pass"), (0.25, "invalid")])
def test_incomplete_pairs_are_no_basis(sides, lost, outcome):
    found = ShadowComparison(ShadowRules())
    answers = sides.answers([["a"], ["b"]] * 1000)
    found.take(answers, [answer for n, answer in enumerate(answers) if (n * 7919) % 1000 >= 1000 * lost])
    found.finish()
    verdict = said(found, "pairs")
    assert verdict.outcome.value == outcome
    if outcome == "invalid":
        assert verdict.sentence.startswith(
            "500 of 2,000 requests (25 %) were answered by the champion only, allowed 10 %"
        )


def test_answers_that_come_too_late_are_told_from_lost_ones(sides):
    found, answers = ShadowComparison(ShadowRules(), timeout_seconds=1.0), sides.answers([["a"]] * 1000)
    for start in range(0, 1000, 50):
        found.take(answers[start : start + 50], answers[max(start - 300, 0) : max(start - 250, 0)])
    assert said(found, "pairs").outcome.value == "invalid"
    assert said(found, "pairs").sentence.endswith("the other answer comes after more than 1 s")


def test_a_sentence_tells_what_counts_as_a_difference(sides):
    prices = [[float(n % 101)] for n in range(1010)]
    assert ", by more than 8.9" in said(sides.compare(prices, prices, same_within=0.1), "agreement").sentence
    chances = [[n / 1000] for n in range(1000)]
    found = sides.compare(chances, chances, threshold=0.5)
    assert "none of 1,000 requests differently, on the other side of 0.5, allowed" in said(found, "agreement").sentence


def test_when_a_quarter_is_copied_three_quarters_may_be_alone(sides):
    answers = sides.answers([["a"], ["b"]] * 1000)
    for copied, outcome in ((0.25, "pass"), (0.5, "invalid")):
        found = ShadowComparison(ShadowRules(copied=copied))
        found.take(answers, answers[::4])
        found.finish()
        assert said(found, "pairs").outcome.value == outcome


def test_probabilities_are_judged_by_their_decisions_when_a_threshold_is_given(sides):
    chances = [float(p) for p in sides.chance.beta(2, 2, 1000)]
    raised = [[min(p + 0.2, 1.0)] for p in chances]
    assert said(sides.compare(rows(chances), raised), "difference").sentence.startswith("answers differ by 19")
    found = sides.compare(rows(chances), raised, threshold=0.7)
    assert said(found, "agreement").outcome.value == "fail"
    assert found.measures.confusion.cells["no"]["yes"] > 100


def test_two_points_of_accuracy_are_found_within_two_thousand_labels():
    """The bar of the specification, at the part of alpha that accuracy has among all tests of a classifier."""
    rules = ShadowRules(labels=True)
    tests = rules.tests(Kind.LABELS, sliced=True)
    needed = -np.log(rules.alpha_of(Test.ACCURACY, tests))
    chance, runs, looks = np.random.default_rng(5), 200, np.arange(50, 5001, 50)
    draws = chance.random((runs, looks[-1]))
    worse, better = ((draws < 0.05).cumsum(1)[:, looks - 1], (abs(draws - 0.065) < 0.015).cumsum(1)[:, looks - 1])
    ratios = RateGate(0.2, reserve=0.0).harmful[:, None, None]
    odds = log_mean_exp(worse * ratios - (worse + better) * np.log1p(0.5 * np.expm1(ratios)))
    found = (odds >= needed) & ((worse - better) / looks >= rules.max_accuracy_drop)
    first = np.where(found.any(1), looks[found.argmax(1)], looks[-1])
    assert np.median(first) <= 2000


def test_fewer_right_answers_fail_and_the_sentence_tells_who_was_wrong(sides):
    labels = [["a"]] * 1200
    live = ["b" if n % 10 == 0 else "a" for n in range(1200)]
    candidate = ["b" if n % 10 in (0, 1) else "a" for n in range(1200)]
    found = sides.compare(rows(live), rows(candidate), labels=labels)
    assert said(found, "accuracy").outcome.value == "fail"
    assert said(found, "accuracy").sentence.startswith(
        "accuracy 80 % against the champion's 90 % on 1,200 labelled requests "
        "(only the candidate wrong in 120, only the champion in 0), allowed 1 point less; shown with"
    )
    assert found.findings()[0].sentence == "accuracy 80 % against the champion's 90 % on 1,200 labelled requests"


def test_a_loss_within_what_is_allowed_is_no_failure_however_many_labels_show_it(sides):
    labels = [["a"]] * 4000
    candidate = ["b" if n % 150 == 0 else "a" for n in range(4000)]
    found = sides.compare([["a"], ["a"]] * 2000, rows(candidate), labels=labels, answers=Kind.LABELS)
    assert said(found, "accuracy").outcome.value == "pass"
    found = sides.compare([["a"], ["a"]] * 2000, rows(candidate), labels=labels, max_accuracy_drop=0.005)
    assert said(found, "accuracy").outcome.value == "fail"


def test_accuracy_can_be_asked_to_be_shown(sides):
    labels = [["a"]] * 1200
    found = sides.compare([["a"], ["a"]] * 600, [["a"], ["a"]] * 600, labels=labels, require=(Test.ACCURACY,))
    assert said(found, "accuracy").outcome.value == "pass"
    assert said(found, "accuracy").numbers["log10_for"] > 1.3


def test_larger_errors_of_numbers_fail(sides):
    truth = [float(p) for p in sides.chance.lognormal(3, 0.5, 1500)]
    miss = sides.chance.normal(0, 3, 1500)
    for factor, outcome in ((1.0, "pass"), (1.04, "pass"), (1.3, "fail")):
        found = sides.compare(
            [[t + float(m)] for t, m in zip(truth, miss, strict=True)],
            [[t + factor * float(m)] for t, m in zip(truth, miss, strict=True)],
            labels=[[t] for t in truth],
        )
        assert said(found, "error-size").outcome.value == outcome


def test_a_fast_failure_is_no_fast_answer(sides):
    live = sides.answers([["a"], ["b"]] * 300)
    broken = [Answer(a.id, a.ts, 500, 0.1, None, None, "boom") if n % 2 else a for n, a in enumerate(live)]
    found = ShadowComparison(ShadowRules())
    found.take(live, broken)
    assert found.measures.tally.timed == 300


def test_each_slice_has_its_own_part_of_the_chance_of_error(sides):
    features = [{"country": "BR" if n % 10 == 0 else "US"} for n in range(1000)]
    candidate = ["c" if n % 10 == 0 and n % 40 else "a" for n in range(1000)]
    found = sides.compare(rows(["a", "b"] * 500), rows(["a", "b"] * 500), features=features, columns=["country"])
    assert found.measures.slices.places == 21
    found = sides.compare(
        rows(["a"] * 1000), rows(candidate), features=features, columns=["country"], max_slice_disagreement=0.6
    )
    odds = OneRate(0.6).log_above(75, 100) - math.log(21)
    assert said(found, "slices").numbers["log10_against"] == pytest.approx(odds / math.log(10))


def test_chances_of_error_are_split_over_the_tests_that_are_judged():
    rules = ShadowRules(labels=True, latency_budget_ms=100)
    tests = rules.tests(Kind.LABELS, sliced=True)
    assert sum(rules.alpha_of(test, tests) for test in tests) == pytest.approx(rules.alpha)
    assert Test.DISTANCE not in tests
    assert Test.ERROR_SIZE in rules.tests(Kind.NUMBERS, sliced=False)
    assert set(rules.tests(None, sliced=False)) == {
        Test.VALID, Test.AGREEMENT, Test.ERRORS, Test.LATENCY, Test.BUDGET,
    }  # fmt: skip


def test_answers_that_were_never_logged_are_no_agreement(sides):
    answers = sides.answers([None] * 400)
    found = ShadowComparison(ShadowRules())
    found.take(answers, answers)
    assert said(found, "pairs").outcome.value == "pass"
    assert said(found, "agreement").outcome.value == "unsure"
    assert found.findings()[0].sentence == "none of 400 pairs of answers could be compared"


def test_what_has_to_be_shown_and_is_not_judged_is_no_pass(sides):
    found = sides.compare([["a"], ["b"]] * 200, [["a"], ["b"]] * 200, require=(Test.DIFFERENCE,))
    assert str(said(found, "difference")) == (
        "shadow/difference is unavailable: nothing is judged by it where answers are labels, or its limit is not set: "
        "take it out of shadow.require"
    )


def test_a_candidate_that_fails_where_the_champion_is_right_is_less_accurate(sides):
    live = sides.answers([["a"], ["b"]] * 200)
    broken = [answer._replace(status=500, predictions=None) if n % 4 == 0 else answer for n, answer in enumerate(live)]
    found = sides.compare(live, broken, labels=[["a"], ["b"]] * 200)
    assert (found.measures.labelled.worse, found.measures.labelled.count) == (100, 400)


def test_one_wild_error_decides_nothing(sides):
    truth = [float(n % 100) for n in range(600)]
    candidate = [[t + 1.0 + n % 3] if n != 300 else [1e9] for n, t in enumerate(truth)]
    found = sides.compare([[t + 1.0 + n % 3] for n, t in enumerate(truth)], candidate, labels=rows(truth))
    assert said(found, "error-size").outcome.value == "pass"
    assert said(found, "difference").outcome.value == "pass"
    assert said(found, "error-size").numbers["mean"] < 3


def test_labels_that_never_come_are_no_accuracy(sides):
    found = sides.compare([["a"], ["b"]] * 200, [["a"], ["b"]] * 200, labels=[[None]] * 400)
    assert said(found, "accuracy").outcome.value == "unsure"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"max_disagreement": 1.5}, "shadow.max_disagreement must lie between 0 and 1, not 1.5"),
        ({"copied": 0.0}, "shadow.copied must be above 0"),
        ({"min_pairs": 0}, "shadow.min_pairs"),
        ({"require": (Test.SLICES,)}, "slices can't be shown good"),
        ({"require": (Test.ACCURACY,)}, "accuracy needs shadow.labels: true"),
        ({"error_margin": 11.0}, "shadow.error_margin must be at most 10"),
    ],
    ids=str,
)
def test_nonsense_is_refused(rules, words):
    with pytest.raises(ValueError, match=words):
        ShadowRules(**rules)


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_an_equal_candidate_hardly_ever_fails(sides, kind):
    """15 comparisons of 400 pairs with a look every 100; alpha is 5 % for any number of looks."""
    failures = 0
    for _ in range(15):
        found = ShadowComparison(ShadowRules(labels=True, max_disagreement=0.5), ("place",))
        truth = sides.chance.integers(0, 5, 400) if kind == "classes" else sides.chance.lognormal(3, 0.5, 400)
        live, candidate = (sides.answers([[_wrong(sides.chance, t, kind)] for t in truth.tolist()]) for _ in range(2))
        places = {a.id: {"place": int(sides.chance.integers(8))} for a in live}
        failed = False
        for start in range(0, 400, 100):
            part = slice(start, start + 100)
            labels = {a.id: [t] for a, t in zip(live[part], truth[part].tolist(), strict=True)}
            found.take(live[part], candidate[part], places, labels)
            failed = failed or any(v.outcome.value == "fail" for v in found.verdicts())
        failures += failed
    assert failures <= 3  # a fair 5 % exceeds this once in two hundred


def _wrong(chance, truth, kind):
    if kind == "classes":
        return truth if chance.random() > 0.1 else int(chance.integers(0, 5))
    return truth * (1 + 0.1 * float(chance.normal()))
