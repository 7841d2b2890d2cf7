"""What a request alone says to the gates."""

from dataclasses import replace

import pytest

from greenramp.config import Gate
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.measures.traffic_log import SeenRequest, seen_request
from greenramp.traffic.split import Side

ERRORS = Gate.model_validate({"name": "errors", "metric": "errors", "margin": 0.2})
SLOW = Gate.model_validate({"name": "latency", "metric": "slow", "slower_than_ms": 100, "margin": 0.2})
TIMES = Gate.model_validate({"name": "times", "metric": "latency"})
STEP = 5
GOOD = SeenRequest(1795412000.0, "", "", "fraud", Side.GREEN, True, False, True, 10.0, 25.0, 5)
FAILED = replace(GOOD, failed=True, answered=False, ms=None)


def one(share=0.25, **numbers):
    return Evidence((Stratum(share, **numbers),))


# sides


def test_each_side_is_counted_for_itself(counted):
    champion = replace(GOOD, side=Side.BLUE)
    evidence, _ = counted(ERRORS, GOOD, GOOD, FAILED, champion, replace(FAILED, side=Side.BLUE))
    assert evidence == one(candidate=3, candidate_bad=1, champion=2, champion_bad=1)


# users


def test_a_users_hundred_failures_count_once(counted):
    evidence, _ = counted(ERRORS, *[replace(FAILED, user="alice")] * 100)
    assert evidence == one(candidate=1, candidate_bad=1)


def test_a_user_counts_until_their_first_failure(counted):
    mine, failed = replace(GOOD, user="alice"), replace(FAILED, user="alice")
    evidence, _ = counted(ERRORS, mine, mine, failed, mine, failed)
    assert evidence == one(candidate=3, candidate_bad=1)


def test_requests_without_a_user_count_each_for_itself(counted):
    evidence, _ = counted(ERRORS, *[FAILED] * 100)
    assert evidence == one(candidate=100, candidate_bad=100)


def test_one_users_failures_do_not_hide_anothers(counted):
    evidence, _ = counted(ERRORS, *(replace(FAILED, user=f"user-{n % 10}") for n in range(100)))
    assert evidence == one(candidate=10, candidate_bad=10)


def test_what_a_user_met_at_one_gate_does_not_hide_what_they_meet_at_another(counting):
    sums = counting(ERRORS, SLOW)
    sums.add_requests([replace(FAILED, user="alice"), replace(GOOD, user="alice", ms=200.0)])
    assert sums.evidence["errors"] == one(candidate=1, candidate_bad=1)
    assert sums.evidence["latency"] == one(candidate=1, candidate_bad=1)


# metrics


def test_what_another_side_had_to_answer_counts_as_the_candidates_failure(counting):
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
def test_slow_is_slower_than_the_gate_says(ms, wanted, counted):
    assert counted(SLOW, replace(GOOD, ms=ms))[0] == wanted


# shares and steps


def test_each_share_is_a_stratum_of_its_own(counted):
    evidence, _ = counted(ERRORS, replace(GOOD, percent=5.0), GOOD, replace(FAILED, percent=5.0))
    assert evidence.strata == (Stratum(0.05, 2, 0, 1, 0), Stratum(0.25, 1, 0, 0, 0))


def test_after_a_switch_the_candidate_has_all_of_it(counted):
    switched = replace(GOOD, shared=False, percent=0.0)
    evidence, _ = counted(ERRORS, switched, replace(switched, failed=True))
    assert evidence == one(1.0, candidate=2, candidate_bad=1)


def test_before_any_share_the_champion_has_all_of_it(counted):
    evidence, this_step = counted(ERRORS, replace(GOOD, side=Side.BLUE, shared=False, percent=0.0))
    assert (evidence, this_step) == (one(0.0, champion=1), 0)


def test_only_the_candidates_requests_of_this_step_count_for_this_step(counted):
    earlier, later = replace(GOOD, generation=STEP - 1), replace(GOOD, generation=STEP + 1)
    evidence, this_step = counted(ERRORS, earlier, GOOD, later, FAILED, replace(GOOD, side=Side.BLUE))
    assert evidence == one(candidate=4, candidate_bad=1, champion=1)
    assert this_step == 3


def test_what_a_gate_does_not_count_does_not_make_its_step_longer(counted):
    _, this_step = counted(SLOW, GOOD, FAILED)
    assert this_step == 1


# users, otherwise


def test_every_request_counts_where_the_unit_is_the_request(counted):
    each = Gate.model_validate({"name": "errors", "metric": "errors", "margin": 0.2, "unit": "request"})
    evidence, this_step = counted(each, *[replace(FAILED, user="alice")] * 100)
    assert (evidence, this_step) == (one(candidate=100, candidate_bad=100), 100)


def test_where_numbers_are_compared_a_user_counts_once_and_each_request_for_the_step(counting):
    sums = counting(TIMES)
    sums.add_requests([replace(GOOD, user="alice")] * 10)
    assert (sums.series["times"].candidate, sums.this_step["times"]) == (1, 10)


def test_with_unit_user_a_user_is_one_number_when_their_window_is_over(counting):
    window = {"unit": "user", "user_window_seconds": 30}
    sums = counting(*(Gate.model_validate({**gate.model_dump(), **window}) for gate in (ERRORS, TIMES)))
    start = GOOD.ts
    mine = replace(GOOD, user="alice", generation=STEP - 1)
    sums.add_requests([mine, replace(GOOD, user="bob"), replace(FAILED, user="alice", ts=start + 30, ms=30.0)])
    assert sums.evidence["errors"] == Evidence()
    sums.add_requests([replace(GOOD, ts=start + 31)])  # nobody's
    assert sums.evidence["errors"] == one(candidate=3, candidate_bad=1)
    assert sums.series["times"].quantiles[0][0] == pytest.approx(10, rel=0.03)  # of 20, 10 and 10
    assert sums.this_step == {"errors": 2, "times": 2}  # alice came in the step before


def test_labels_that_come_late_go_into_the_number_of_a_user_all_the_same(counting):
    sizes = {"name": "sizes", "metric": "error_size", "margin": 0.1, "unit": "user", "user_window_seconds": 30}
    sums = counting(Gate.model_validate(sizes))
    rows = [("a1", "alice", 0), ("a2", "alice", 20), ("a3", "bob", 25), ("a4", "", 900), ("a5", "", 1000)]
    sums.add_requests([replace(GOOD, id=name, user=user, ts=GOOD.ts + after) for name, user, after in rows])
    sums.add_predictions((name, [0.0]) for name, _, _ in rows)
    sums.add_labels([("a1", 1.0), ("a2", 3.0), ("a3", 4.0)])
    assert sums.series["sizes"].candidate == 0
    sums.add_labels([("a4", 5.0)])
    assert (sums.series["sizes"].candidate, sums.series["sizes"].totals[0]) == (3, 11.0)
