"""A running comparison: any order, any batches, features and labels early or late; stopped and gone on with."""

import json
import random

import pytest

from greenramp.shadow.comparison import WARM_UP, ShadowComparison
from greenramp.shadow.kinds import Kind
from greenramp.shadow.rules import ShadowRules
from greenramp.shadow.worst import Worst


@pytest.fixture
def made(sides):
    """Both sides' answers of 600 requests, with columns and labels."""
    truth = [str(t) for t in sides.chance.choice(["cat", "dog", "cow"], 600)]
    live = sides.answers([[t if n % 10 else "cat"] for n, t in enumerate(truth)])
    candidate = sides.answers([[t if n % 8 else "dog"] for n, t in enumerate(truth)])
    features = {a.id: {"country": "BR" if n % 20 == 0 else "US", "secret": "x"} for n, a in enumerate(live)}
    return live, candidate, features, {a.id: [t] for a, t in zip(live, truth, strict=True)}


def compared(made, size=100):
    live, candidate, features, labels = made
    comparison = ShadowComparison(ShadowRules(labels=True), ["country"])
    for start in range(0, 600, size):
        part = slice(start, start + size)
        comparison.take(live[part], candidate[part], *_for(live[part], features, labels))
    return comparison


def _for(answers, features, labels):
    ids = [answer.id for answer in answers]
    return {i: features[i] for i in ids}, {i: labels[i] for i in ids}


def counts(comparison):
    measures = comparison.measures
    return (
        measures.tally.compared,
        measures.tally.differing,
        measures.confusion.cells,
        sorted(measures.slices.slices()),
        (measures.labelled.count, measures.labelled.worse, measures.labelled.better, measures.labelled.both_wrong),
        [row["id"] for row in measures.sample.rows],
        {sort: [row["id"] for row in measures.worst.rows(sort)] for sort in Worst},
    )


@pytest.mark.parametrize("size", [7, 100, 600])
def test_batches_do_not_matter(made, size):
    assert counts(compared(made, size)) == counts(compared(made))


@pytest.mark.parametrize("size", [1, 30, 500])
def test_spread_and_places_of_numbers_do_not_depend_on_the_batches(sides, size):
    prices = [float(p) for p in sides.chance.lognormal(3, 1, 500)]
    found = []
    for batch in (size, 100):
        done = sides.compare([[p] for p in prices], [[1.1 * p] for p in prices], batch=batch).measures
        found.append((done.shape, done.distribution, done.tally.differing, done.difference.count))
    assert found[0] == found[1]


def test_features_and_labels_may_come_before_or_after_the_answers(made):
    live, candidate, features, labels = made
    early, late = ShadowComparison(ShadowRules(labels=True), ["country"]), None
    early.take([], [], features, labels)
    assert early.take(live, candidate) == 600
    late = ShadowComparison(ShadowRules(labels=True), ["country"])
    late.take(live, candidate)
    assert late.measures.tally.pairs == 0
    late.take([], [], features)
    late.take([], [], None, labels)
    assert counts(early) == counts(late) == counts(compared(made))


def test_order_and_repetition_do_not_matter(made):
    live, candidate, features, labels = made
    rows = [(False, a) for a in live + live[:50]] + [(True, a) for a in candidate + candidate[:50]]
    random.Random(3).shuffle(rows)
    comparison = ShadowComparison(ShadowRules(labels=True), ["country"])
    for start in range(0, len(rows), 90):
        part = rows[start : start + 90]
        sides = ([a for mine, a in part if mine is side] for side in (False, True))
        comparison.take(*sides, features, labels)
    found, wanted = comparison.measures, compared(made).measures
    assert found.tally.differing == wanted.tally.differing
    assert found.confusion.cells == wanted.confusion.cells
    assert comparison.pairing.counts.duplicates == [50, 50]


def test_a_pair_whose_features_never_come_is_compared_all_the_same(made):
    live, candidate, *_ = made
    comparison = ShadowComparison(ShadowRules(), ["country"], timeout_seconds=1.0)
    comparison.take(live[:300], candidate[:300])
    assert comparison.measures.tally.pairs == 0
    comparison.take(live[300:], candidate[300:])
    assert comparison.measures.tally.pairs == 300
    comparison.finish()
    assert comparison.measures.tally.pairs == 600
    assert [part.name for part in comparison.measures.slices.slices()] == ["country=(none)"]


@pytest.mark.parametrize("at", [WARM_UP // 4, WARM_UP // 2, 350])
def test_it_goes_on_from_its_state(made, at):
    live, candidate, features, labels = made
    first = ShadowComparison(ShadowRules(labels=True), ["country"])
    first.take(live[: at + 20], candidate[:at], features, {i: labels[i] for i in list(labels)[: at // 2]})
    second = ShadowComparison(ShadowRules(labels=True), ["country"])
    second.restore(json.loads(json.dumps(first.state())))
    assert second.state() == first.state()
    for comparison in (first, second):
        comparison.take(live[at + 20 :], candidate[at:], None, labels)
    assert counts(second) == counts(first)
    assert second.verdicts() == first.verdicts()
    assert second.report() == first.report()


def test_numbers_go_on_from_their_state_as_well(sides):
    prices = [[float(p)] for p in sides.chance.lognormal(3, 1, 400)]
    live, candidate = sides.answers(prices), sides.answers([[1.01 * p[0]] for p in prices])
    first = ShadowComparison(ShadowRules())
    first.take(live[:200], candidate[:200])
    second = ShadowComparison(ShadowRules()).restore(json.loads(json.dumps(first.state())))
    assert second.measures.kind is Kind.NUMBERS
    for comparison in (first, second):
        comparison.take(live[200:], candidate[200:])
    assert second.verdicts() == first.verdicts()


def test_memory_stays_within_bounds_when_one_side_is_silent(sides):
    comparison = ShadowComparison(ShadowRules(labels=True), ["country"], max_waiting=100)
    answers = sides.answers([["a"]] * 2000)
    for start in range(0, 2000, 50):
        part = answers[start : start + 50]
        comparison.take(part, [], *_for(part, {a.id: {"country": "x"} for a in part}, {a.id: ["a"] for a in part}))
    assert comparison.pairing.waiting == (100, 0)
    assert len(json.dumps(comparison.state())) < 60_000


def test_pairs_wait_for_labels_within_bounds(sides):
    comparison = ShadowComparison(ShadowRules(labels=True), max_waiting=100)
    answers = sides.answers([["a"]] * 1000)
    for start in range(0, 1000, 50):
        comparison.take(answers[start : start + 50], answers[start : start + 50])
    comparison.take([], [], None, {answer.id: ["a"] for answer in answers})
    assert comparison.measures.labelled.count == 100


def test_an_answer_too_large_to_be_logged_is_no_difference_and_no_failure(sides):
    live = sides.answers([["a"], ["b"]] * 150)
    comparison = ShadowComparison(ShadowRules())
    comparison.take(live, [answer._replace(predictions=None) if n % 3 else answer for n, answer in enumerate(live)])
    tally = comparison.measures.tally
    assert (tally.unlogged, tally.compared, tally.candidate_failed) == (200, 100, 0)
    assert [v.outcome.value for v in comparison.verdicts() if v.gate == "shadow/agreement"] == ["unsure"]
