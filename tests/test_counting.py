"""From requests, predictions and labels to the evidence of each gate."""

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.config import Gate
from greenramp.counting import Counting
from greenramp.evidence import Evidence, Stratum
from greenramp.split import Side
from greenramp.traffic_log import SeenRequest, seen_request

ERRORS = Gate.model_validate({"name": "errors", "metric": "errors", "margin": 0.2})
SLOW = Gate.model_validate({"name": "latency", "metric": "slow", "slower_than_ms": 100, "margin": 0.2})
WRONG = Gate.model_validate({"name": "accuracy", "metric": "wrong", "margin": 0.2})

STEP = 5
GOOD = SeenRequest(
    ts=1795412000.0,
    id="",
    user="",
    service="fraud",
    side=Side.GREEN,
    shared=True,
    failed=False,
    answered=True,
    ms=10.0,
    percent=25.0,
    generation=STEP,
)
FAILED = replace(GOOD, failed=True, answered=False, ms=None)


def counting(*gates):
    return Counting(gates, candidate=Side.GREEN, step_generation=STEP)


def counted(gate, *requests):
    """Count requests for one gate; give its evidence and how many belong to this step."""
    sums = counting(gate)
    sums.add_requests(requests)
    return sums.evidence[gate.name], sums.this_step[gate.name]


def one(share=0.25, **numbers):
    return Evidence((Stratum(share, **numbers),))


def test_each_side_is_counted_for_itself():
    champion = replace(GOOD, side=Side.BLUE)
    evidence, _ = counted(ERRORS, GOOD, GOOD, FAILED, champion, replace(FAILED, side=Side.BLUE))
    assert evidence == one(candidate=3, candidate_bad=1, champion=2, champion_bad=1)


# users


def test_a_users_hundred_failures_count_once():
    evidence, _ = counted(ERRORS, *[replace(FAILED, user="alice")] * 100)
    assert evidence == one(candidate=1, candidate_bad=1)


def test_a_user_counts_until_their_first_failure():
    mine, failed = replace(GOOD, user="alice"), replace(FAILED, user="alice")
    evidence, _ = counted(ERRORS, mine, mine, failed, mine, failed)
    assert evidence == one(candidate=3, candidate_bad=1)


def test_requests_without_a_user_count_each_for_itself():
    evidence, _ = counted(ERRORS, *[FAILED] * 100)
    assert evidence == one(candidate=100, candidate_bad=100)


def test_one_users_failures_do_not_hide_anothers():
    evidence, _ = counted(ERRORS, *(replace(FAILED, user=f"user-{n % 10}") for n in range(100)))
    assert evidence == one(candidate=10, candidate_bad=10)


def test_what_a_user_met_at_one_gate_does_not_hide_what_they_meet_at_another():
    sums = counting(ERRORS, SLOW)
    sums.add_requests([replace(FAILED, user="alice"), replace(GOOD, user="alice", ms=200.0)])
    assert sums.evidence["errors"] == one(candidate=1, candidate_bad=1)
    assert sums.evidence["latency"] == one(candidate=1, candidate_bad=1)


# metrics


def test_what_another_side_had_to_answer_counts_as_the_candidates_failure():
    row = {"cluster": "fraud.green-fallback", "route": "fraud.split", "percent": "25", "generation": "5", "ts": "1"}
    answered_by_blue = seen_request({**row, "status": 200, "attempts": 2, "environment": "blue", "upstream_us": 900})
    sums = counting(ERRORS, SLOW)
    sums.add_requests([answered_by_blue])
    assert sums.evidence["errors"] == one(candidate=1, candidate_bad=1)
    assert sums.evidence["latency"] == Evidence()  # the time was the other side's
    assert (sums.requests, sums.failed) == (1, 0)  # the user was answered


@pytest.mark.parametrize(
    ("ms", "wanted"),
    [
        pytest.param(99.9, one(candidate=1), id="faster"),
        pytest.param(100.0, one(candidate=1), id="just in time"),
        pytest.param(100.1, one(candidate=1, candidate_bad=1), id="slower"),
        pytest.param(None, Evidence(), id="no time"),
    ],
)
def test_slow_is_slower_than_the_gate_says(ms, wanted):
    assert counted(SLOW, replace(GOOD, ms=ms))[0] == wanted


# shares and steps


def test_each_share_is_a_stratum_of_its_own():
    evidence, _ = counted(ERRORS, replace(GOOD, percent=5.0), GOOD, replace(FAILED, percent=5.0))
    assert evidence.strata == (Stratum(0.05, 2, 0, 1, 0), Stratum(0.25, 1, 0, 0, 0))


def test_after_a_switch_the_candidate_has_all_of_it():
    switched = replace(GOOD, shared=False, percent=0.0)
    evidence, _ = counted(ERRORS, switched, replace(switched, failed=True))
    assert evidence == one(1.0, candidate=2, candidate_bad=1)


def test_before_any_share_the_champion_has_all_of_it():
    evidence, this_step = counted(ERRORS, replace(GOOD, side=Side.BLUE, shared=False, percent=0.0))
    assert (evidence, this_step) == (one(0.0, champion=1), 0)


def test_only_the_candidates_requests_of_this_step_count_for_this_step():
    earlier, later = replace(GOOD, generation=STEP - 1), replace(GOOD, generation=STEP + 1)
    evidence, this_step = counted(ERRORS, earlier, GOOD, later, FAILED, replace(GOOD, side=Side.BLUE))
    assert evidence == one(candidate=4, candidate_bad=1, champion=1)
    assert this_step == 3


def test_what_a_gate_does_not_count_does_not_make_its_step_longer():
    _, this_step = counted(SLOW, GOOD, FAILED)
    assert this_step == 1


# labels

ASKED = replace(GOOD, id="a1")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize(
    ("label", "wrong"),
    [([1.0], 0), ([0.0], 1), (1, 0), (0, 1), ("1", 1), ([1.0, 1.0], 1), ([], 1)],
    ids=["right", "wrong", "right, alone", "wrong, alone", "another type", "too many", "too few"],
)
def test_a_label_joins_its_request_and_prediction_whatever_comes_first(order, label, wrong):
    sums = counting(WRONG)
    arrivals = [
        lambda: sums.add_requests([ASKED]),
        lambda: sums.add_predictions([("a1", [1.0])]),
        lambda: sums.add_labels([("a1", label)]),
    ]
    for index in order:
        assert sums.evidence["accuracy"] == Evidence()
        arrivals[index]()
    assert sums.evidence["accuracy"] == one(candidate=1, candidate_bad=wrong)


def test_a_label_counts_in_the_share_its_request_was_made_in():
    sums = counting(WRONG)
    sums.add_requests([replace(ASKED, percent=5.0, generation=2), replace(GOOD, id="a2")])
    sums.add_predictions([("a1", [1]), ("a2", [1])])
    sums.add_labels([("a2", 1), ("a1", 0)])
    assert set(sums.evidence["accuracy"].strata) == {Stratum(0.05, 1, 0, 1, 0), Stratum(0.25, 1, 0, 0, 0)}
    assert sums.this_step["accuracy"] == 1


def test_a_label_that_comes_twice_counts_once():
    sums = counting(WRONG)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1])])
    for _ in range(3):
        sums.add_labels([("a1", 0)])
    assert sums.evidence["accuracy"] == one(candidate=1, candidate_bad=1)


@pytest.mark.parametrize("missing", range(3), ids=["request", "prediction", "label"])
def test_what_stays_incomplete_is_not_counted(missing):
    sums = counting(WRONG)
    arrivals = [(sums.add_requests, ASKED), (sums.add_predictions, ("a1", [1])), (sums.add_labels, ("a1", 0))]
    for index, (add, what) in enumerate(arrivals):
        if index != missing:
            add([what])
    assert sums.evidence["accuracy"] == Evidence()


def test_a_label_of_nothing_is_no_label():
    sums = counting(WRONG)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1])])
    sums.add_labels([("a1", None)])
    assert sums.evidence["accuracy"] == Evidence()
    sums.add_labels([("a1", 1)])
    assert sums.evidence["accuracy"] == one(candidate=1)


# laws

REQUESTS = st.lists(
    st.builds(
        SeenRequest,
        ts=st.just(0.0),
        id=st.sampled_from(["", "a1", "a2"]),
        user=st.sampled_from(["", "alice", "bob"]),
        service=st.just("fraud"),
        side=st.sampled_from(list(Side)),
        shared=st.booleans(),
        failed=st.booleans(),
        answered=st.booleans(),
        ms=st.sampled_from([None, 10.0, 200.0]),
        percent=st.sampled_from([5.0, 25.0]),
        generation=st.integers(STEP - 1, STEP + 1),
    ),
    max_size=40,
)


@given(REQUESTS, st.randoms(use_true_random=False))
def test_the_same_rows_give_the_same_evidence_in_whatever_batches_they_come(requests, chance: random.Random):
    whole, parts = counting(ERRORS, SLOW), counting(ERRORS, SLOW)
    whole.add_requests(requests)
    while requests:
        cut = chance.randint(1, len(requests))
        parts.add_requests(requests[:cut])
        requests = requests[cut:]
    assert (whole.evidence, whole.this_step) == (parts.evidence, parts.this_step)
    assert (whole.requests, whole.failed) == (parts.requests, parts.failed)


@given(REQUESTS)
def test_nobody_counts_as_bad_more_often_than_there_are_people(requests):
    evidence, this_step = counted(ERRORS, *requests)
    nameless = sum(r.failed for r in requests if not r.user)
    assert evidence.candidate_bad + evidence.champion_bad == nameless + len(
        {r.user for r in requests if r.failed and r.user}
    )
    assert 0 <= this_step <= evidence.candidate


def test_an_answer_that_the_other_side_gave_says_nothing_of_the_candidates_accuracy():
    sums = counting(WRONG)
    sums.add_requests([replace(GOOD, id="a", failed=True)])
    sums.add_predictions([("a", [1])])
    sums.add_labels([("a", 0)])
    assert sums.evidence["accuracy"] == Evidence()
