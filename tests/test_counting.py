"""From requests, predictions and labels to the evidence of each gate."""

import itertools
import math
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
TIMES = Gate.model_validate({"name": "times", "metric": "latency"})
SIZES = Gate.model_validate({"name": "sizes", "metric": "error_size", "margin": 0.1})
DRIFT = Gate.model_validate({"name": "drift", "metric": "drift"})
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


# users, otherwise


def test_every_request_counts_where_the_unit_is_the_request():
    each = Gate.model_validate({"name": "errors", "metric": "errors", "margin": 0.2, "unit": "request"})
    evidence, this_step = counted(each, *[replace(FAILED, user="alice")] * 100)
    assert (evidence, this_step) == (one(candidate=100, candidate_bad=100), 100)


def test_where_numbers_are_compared_a_user_counts_once_and_each_request_for_the_step():
    sums = counting(TIMES)
    sums.add_requests([replace(GOOD, user="alice")] * 10)
    assert (sums.series["times"].candidate, sums.this_step["times"]) == (1, 10)


# what can't be measured


@pytest.mark.parametrize("gate", [TIMES, SLOW], ids=["latency", "slow"])
@pytest.mark.parametrize("ms", [-1.0, math.nan, math.inf, -math.inf])
def test_a_time_that_cannot_be_is_invalid_and_counts_nowhere(gate, ms):
    sums = counting(gate)
    sums.add_requests([GOOD, replace(GOOD, ms=ms), replace(GOOD, ms=ms, side=Side.BLUE)])
    health = sums.health(gate.name)
    assert health.invalid == f"1 of the candidate's values can't be measured, the first is a time of {ms:g} ms"
    assert dict(health.numbers) == {"invalid": 1, "champion_invalid": 1}
    assert sums.this_step[gate.name] == 1


@pytest.mark.parametrize(
    ("answers", "label", "words"),
    [
        pytest.param([1.0], [1.0, 2.0], "1 answers for 2 labels", id="too many labels"),
        pytest.param([1.0], ["one"], "a label of 'one', wanted a finite number", id="a label that is text"),
        pytest.param([1.0], [True], "a label of True, wanted a finite number", id="a label that is yes"),
        pytest.param([math.nan], [1.0], "an answer of nan, wanted a finite number", id="an answer of nothing"),
        pytest.param([math.inf], [1.0], "an answer of inf, wanted a finite number", id="an answer without end"),
        pytest.param([None], [1.0], "an answer of None, wanted a finite number", id="no answer"),
        pytest.param([], [], "no answers", id="no rows"),
        pytest.param([1e200], [-1e200], "an error of 2e+200", id="too large"),
    ],
)
def test_an_error_that_has_no_size_is_invalid(answers, label, words):
    sums = counting(SIZES)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", answers)])
    sums.add_labels([("a1", label)])
    assert sums.health("sizes").invalid.endswith(f"the first is {words}")
    assert sums.series["sizes"].candidate == 0


def test_the_champions_invalid_values_do_not_speak_against_the_candidate():
    sums = counting(SIZES)
    sums.add_requests([replace(ASKED, side=Side.BLUE)])
    sums.add_predictions([("a1", [math.nan])])
    sums.add_labels([("a1", 1.0)])
    assert (sums.health("sizes").invalid, dict(sums.health("sizes").numbers)["champion_invalid"]) == ("", 1)


def test_the_size_of_an_error_is_the_mean_over_the_rows_of_a_request():
    sums = counting(SIZES)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1.0, 4])])
    sums.add_labels([("a1", [2.0, 1.0])])
    assert sums.series["sizes"].totals == [2.0, 0.0]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        pytest.param([0.25, 9.0], "numbers", id="a number, the first row"),
        pytest.param([3], "numbers", id="a whole number"),
        pytest.param([[0.5]], "numbers", id="a number in a list"),
        pytest.param(["cat"], "classes", id="a class"),
        pytest.param([True], "classes", id="yes"),
        pytest.param([[0.1, 0.7, 0.2]], "classes", id="a number for each class"),
        pytest.param([{"a": 1}], "", id="something else"),
        pytest.param([None], "", id="nothing"),
        pytest.param([math.nan], "", id="no number"),
        pytest.param([], "", id="no rows"),
    ],
)
def test_an_answer_is_a_number_or_a_class_or_invalid(answers, kind):
    sums = counting(DRIFT)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", answers)])
    assert sums.series["drift"].kind == kind
    assert bool(sums.health("drift").invalid) == (kind == "")


def test_a_class_among_numbers_is_invalid():
    sums = counting(DRIFT)
    sums.add_requests([ASKED, replace(GOOD, id="a2")])
    sums.add_predictions([("a1", [1.0]), ("a2", ["cat"])])
    assert sums.health("drift").invalid.endswith("the first is an answer of 'cat' among numbers")


def test_an_answer_counts_for_drift_once_whether_its_label_comes_or_not():
    sums = counting(DRIFT, WRONG)
    sums.add_requests([ASKED])
    sums.add_predictions([("a1", [1.0])])
    assert (sums.series["drift"].candidate, sums.this_step["accuracy"]) == (1, 0)
    sums.add_labels([("a1", 1.0)])
    assert (sums.series["drift"].candidate, sums.this_step["accuracy"]) == (1, 1)


# what never comes


def every_second(seconds, start=0, **changes):
    return [replace(GOOD, id=f"a{n}", ts=float(n), **changes) for n in range(start, start + seconds)]


def test_a_source_that_gives_nothing_longer_than_its_grace_is_unavailable():
    sums = counting(DRIFT)
    sums.add_requests(every_second(61))
    assert sums.health("drift").unavailable == ""
    sums.add_requests(every_second(2, start=61))
    words = "no answer in the prediction logs for 62 s of requests to the candidate, 60 s are allowed"
    assert sums.health("drift").unavailable == words
    sums.add_predictions([("a62", [1.0])])
    assert sums.health("drift").unavailable == ""


def test_a_source_that_stops_is_unavailable_whatever_it_gave_before():
    sums = counting(TIMES)
    sums.add_requests(every_second(100))
    assert sums.health("times").unavailable == ""
    sums.add_requests(every_second(100, start=100, ms=None))
    assert sums.health("times").unavailable.startswith("no time in the router's log for 99 s")


def test_without_traffic_no_time_passes():
    sums = counting(DRIFT)
    sums.add_requests([GOOD, replace(GOOD, id="a2", ts=GOOD.ts + 30)])
    assert sums.health("drift").unavailable == ""
    sums.add_requests([replace(GOOD, side=Side.BLUE, ts=GOOD.ts + 9000)])
    assert sums.health("drift").unavailable == ""


def test_labels_have_their_window_and_then_their_grace():
    gate = Gate.model_validate({**WRONG.model_dump(), "label_window_seconds": 100, "grace_seconds": 10})
    sums = counting(gate)
    sums.add_requests(every_second(111))
    assert sums.health("accuracy").unavailable == ""
    sums.add_requests(every_second(1, start=111))
    assert sums.health("accuracy").unavailable.startswith("no label that belongs to an answer for 111 s")


def test_labels_that_are_missing_beyond_the_window_are_told():
    gate = Gate.model_validate({**WRONG.model_dump(), "label_window_seconds": 100})
    sums = counting(gate)
    sums.add_requests(every_second(151))
    sums.add_predictions((f"a{n}", [1]) for n in range(151))
    sums.add_labels((f"a{n}", 1) for n in range(0, 151, 2))
    assert sums.health("accuracy").note == "25 of 50 labels did not come within 100 s"
    assert dict(sums.health("accuracy").numbers) == {"labels_due": 50, "labels_missing": 25}
    sums.add_labels([("a1", 1)])  # late is better than never
    assert dict(sums.health("accuracy").numbers) == {"labels_due": 50, "labels_missing": 24}


def test_labels_of_requests_nobody_knows_change_nothing():
    sums = counting(WRONG, SIZES)
    sums.add_labels((f"unknown-{n}", 1) for n in range(100))
    sums.add_predictions((f"unheard-{n}", [1]) for n in range(100))
    assert (sums.evidence["accuracy"], sums.series["sizes"].candidate) == (Evidence(), 0)


@given(REQUESTS, st.integers(0, 40))
def test_the_same_rows_are_judged_alike_bit_for_bit_in_whatever_batches_they_come(requests, cut):
    gates = (ERRORS, SLOW, TIMES)
    whole, parts = counting(*gates), counting(*gates)
    whole.add_requests(requests)
    parts.add_requests(requests[:cut])
    parts.add_requests(requests[cut:])
    for gate in gates:
        assert parts.series[gate.name].state() == whole.series[gate.name].state()
    assert parts.shares.state() == whole.shares.state()
