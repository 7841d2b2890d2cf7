"""The same rows are the same evidence, to the last bit, however they come and whoever goes on."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenramp.config import Service
from greenramp.judging.rules import judge_all
from greenramp.measures.counting import Counting
from greenramp.measures.requestcolumns import requests_of
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

STEP = 5
PLAN = Service.model_validate(
    {
        "model": "fraud",
        "gates": [
            {"name": "errors", "metric": "errors", "margin": 0.2},
            {"name": "each", "metric": "errors", "margin": 0.2, "unit": "request"},
            {"name": "slow", "metric": "slow", "slower_than_ms": 100, "margin": 0.2},
            {"name": "times", "metric": "latency", "margin": 0.1},
            {"name": "sizes", "metric": "error_size", "margin": 0.1},
            {"name": "right", "metric": "wrong", "margin": 0.2, "label_window_seconds": 30},
            {"name": "drift", "metric": "drift"},
            {"name": "users", "metric": "errors", "margin": 0.2, "unit": "user", "user_window_seconds": 20},
            {"name": "users-times", "metric": "latency", "unit": "user", "user_window_seconds": 20},
            {"name": "users-sizes", "metric": "error_size", "margin": 0.1, "unit": "user", "user_window_seconds": 20},
        ],
    }
)
REQUESTS = st.lists(
    st.builds(
        SeenRequest,
        ts=st.integers(0, 90).map(float),
        id=st.sampled_from(["", "a1", "a2", "a3"]),
        user=st.sampled_from(["", "", "alice", "bob", "00000000000000ff"]),
        service=st.just("fraud"),
        side=st.sampled_from(list(Side)),
        shared=st.booleans(),
        failed=st.booleans(),
        answered=st.booleans(),
        ms=st.sampled_from([None, 10.0, 55.5, 200.0, float("nan")]),
        percent=st.sampled_from([5.0, 25.0]),
        generation=st.integers(STEP - 1, STEP + 1),
    ),
    max_size=40,
)
CUTS = st.lists(st.integers(0, 40), max_size=4)


def counting(settle=0.0):
    return Counting(PLAN.gates, Side.GREEN, STEP, 60.0, settle)


def feed(sums, requests):
    sums.add_requests(requests_of(list(requests)))


def resumed(sums, settle=0.0):
    return counting(settle).restore(json.loads(json.dumps(sums.state())))


def parts(rows, cuts):
    places = sorted({0, len(rows), *(min(cut, len(rows)) for cut in cuts)})
    return [rows[a:b] for a, b in pairwise(places)]


def verdicts(sums):
    return [(v.gate, v.outcome, v.sentence, dict(v.numbers)) for v in judge_all(PLAN, sums)]


def many(count):
    """Three changes of the share, users that come again, and all kinds of outcomes."""
    for n in range(count):
        mine = n * 7919 % 100 < 30
        failed, took = n * 31 % 9 == 0, 20.0 + n * 104729 % 97 * (1.5 if mine else 1.0)
        yield SeenRequest(
            n / 7, f"a{n}", f"{n * 7 % 211:016x}" if n % 3 else "", "fraud", Side.GREEN if mine else Side.BLUE, True,
            failed, not failed, took, (5.0, 30.0, 50.0)[3 * n // count], STEP - 1 + n // 900,
        )  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REQUESTS, CUTS, st.booleans())
def test_requests_are_the_same_evidence_in_whatever_batches_they_come(requests, cuts, through_json):
    whole, cut = counting(20.0), counting(20.0)
    feed(whole, requests)
    for part in parts(requests, cuts):
        feed(cut, part)
        if through_json:
            cut = resumed(cut, 20.0)
    assert json.dumps(cut.state()) == json.dumps(whole.state())


@pytest.mark.parametrize(
    ("cuts", "through_json"),
    [
        pytest.param([1], False, id="a single one first"),
        pytest.param(range(0, 2000, 37), False, id="never a whole block"),
        pytest.param(range(640, 700), False, id="one by one where the share changes"),
        pytest.param([99, 100, 101], True, id="gone on from its state around a block's end"),
        pytest.param([137, 777, 1300], True, id="gone on from its state"),
    ],
)
def test_requests_answers_and_labels_are_judged_alike_in_whatever_batches_they_come(cuts, through_json):
    rows = list(many(2000))
    answers = [(row.id, [n % 5]) for n, row in enumerate(rows)]
    labels = [(row.id, [n % 5 + (n % 11 == 0)]) for n, row in enumerate(rows) if n % 4]
    whole, cut = counting(), counting()
    feed(whole, rows)
    whole.add_predictions(answers)
    whole.add_labels(labels)
    feeds = [(feed, rows), (Counting.add_predictions, answers), (Counting.add_labels, labels)]
    for take_in, everything in feeds:
        for part in parts(everything, cuts):
            take_in(cut, part)
            if through_json:
                cut = resumed(cut)
    assert verdicts(cut) == verdicts(whole)
    assert json.dumps(cut.state()) == json.dumps(whole.state())


@given(REQUESTS)
def test_nobody_counts_as_bad_more_often_than_there_are_people(requests):
    sums = counting()
    feed(sums, requests)
    evidence = sums.evidence["errors"]
    nameless = sum(r.failed for r in requests if not r.user)
    assert evidence.candidate_bad + evidence.champion_bad == nameless + len(
        {r.user for r in requests if r.failed and r.user}
    )
    assert 0 <= sums.this_step["errors"] <= evidence.candidate


def test_a_state_is_gone_on_from_in_a_later_step_and_counts_nothing_for_it():
    sums = counting()
    feed(sums, many(300))
    later = Counting(PLAN.gates, Side.GREEN, STEP + 7, 60.0).restore(json.loads(json.dumps(sums.state())))
    assert later.evidence == sums.evidence
    assert set(later.this_step.values()) == {0}


@pytest.mark.parametrize(
    ("change", "gates"),
    [
        pytest.param({"v": 0}, PLAN.gates, id="another version"),
        pytest.param({}, PLAN.gates[:2], id="other gates"),
        pytest.param({"step": [STEP + 1, {}]}, PLAN.gates, id="a later step"),
    ],
)
def test_a_state_of_something_else_is_refused(change, gates):
    with pytest.raises(ValueError, match="a state of"):
        Counting(gates, Side.GREEN, STEP).restore({**counting().state(), **change})


def test_what_comes_too_soon_after_a_change_of_traffic_counts_for_errors_and_shares_alone():
    good = SeenRequest(100.0, "a1", "", "fraud", Side.GREEN, True, False, True, 200.0, 25.0, STEP)
    sums = counting(settle=20.0)
    feed(sums, [good, replace(good, ts=119.9, id="a2", side=Side.BLUE), replace(good, ts=120.0, id="a3")])
    feed(sums, [replace(good, ts=99.0, generation=STEP - 1, id="a4")])  # began before the change, ended after it
    feed(sums, [replace(good, ts=130.0, generation=STEP + 1, id="a5")])
    sums.add_predictions([(f"a{n}", [1]) for n in range(1, 6)])
    counted = sums
    assert counted.evidence["errors"].candidate + counted.evidence["errors"].champion == counted.shares.draws == 5
    assert counted.evidence["slow"].candidate == counted.series["times"].candidate == 2  # a3 and a4
    assert (counted.series["drift"].candidate, counted.series["drift"].champion) == (2, 0)
