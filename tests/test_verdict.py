"""Of several verdicts the worst wins, and only a pass is a pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.errors import GateFailed, NoEvidence
from greenramp.verdict import Distrust, Outcome, Verdict, require, worst


def verdicts(*outcomes):
    return [Verdict(f"gate-{n}", outcome, f"sentence {n}") for n, outcome in enumerate(outcomes)]


SOME = st.lists(st.sampled_from(list(Outcome)), min_size=1).map(lambda outcomes: verdicts(*outcomes))


def test_outcomes_stand_from_best_to_worst():
    in_order = [Outcome.PASS, Outcome.UNSURE, Outcome.UNAVAILABLE, Outcome.INVALID, Outcome.FAIL]
    assert sorted(Outcome, key=lambda outcome: outcome.badness) == in_order


@given(SOME)
def test_of_several_verdicts_the_worst_wins(some):
    assert worst(some).badness == max(v.outcome.badness for v in some)


@given(SOME, SOME)
def test_one_more_verdict_never_makes_it_better(some, more):
    assert worst(some + more).badness >= worst(some).badness


def test_no_verdict_at_all_is_not_a_pass():
    assert worst([]) is Outcome.UNSURE
    with pytest.raises(NoEvidence, match="at canary 5 %"):
        require([], where="canary 5 %")


def test_passes_only_when_every_verdict_does():
    require(verdicts(Outcome.PASS, Outcome.PASS), where="canary 5 %")


@pytest.mark.parametrize(
    ("outcomes", "error", "message"),
    [
        pytest.param([Outcome.FAIL], GateFailed, "gate-0 is fail at canary 5 %: sentence 0", id="a failure"),
        pytest.param([Outcome.PASS, Outcome.UNSURE], NoEvidence, "gate-1 is unsure at canary 5 %", id="unsure"),
        pytest.param([Outcome.UNAVAILABLE], NoEvidence, "gate-0 is unavailable", id="no answer from the source"),
        pytest.param([Outcome.UNSURE, Outcome.INVALID], NoEvidence, "gate-1 is invalid", id="numbers that are none"),
        pytest.param([Outcome.INVALID, Outcome.FAIL], GateFailed, "gate-1 is fail", id="the worst is named"),
        pytest.param(
            [Outcome.PASS, Outcome.FAIL, Outcome.FAIL], GateFailed, "gate-1 is fail", id="of equals the first"
        ),
    ],
)
def test_anything_but_a_pass_is_refused_with_its_sentence(outcomes, error, message):
    with pytest.raises(error) as refused:
        require(verdicts(*outcomes), where="canary 5 %")
    assert str(refused.value).startswith(message)


def test_a_verdict_reads_as_a_sentence():
    assert str(Verdict("errors", Outcome.FAIL, "31 of 400")) == "errors is fail: 31 of 400"


def test_a_silent_source_ends_the_step_at_once():
    distrust = Distrust(60)
    distrust.refuse(verdicts(Outcome.PASS, Outcome.UNSURE, Outcome.FAIL), 0.0, "5 %")
    with pytest.raises(NoEvidence, match=r"^5 % can't be judged: gate-1 is unavailable: sentence 1$"):
        distrust.refuse(verdicts(Outcome.PASS, Outcome.UNAVAILABLE), 1.0, "5 %")


def test_invalid_numbers_end_the_step_when_they_stay_so():
    distrust, invalid = Distrust(60), verdicts(Outcome.INVALID)
    distrust.refuse(invalid, 100.0, "5 %")
    distrust.refuse(invalid, 159.0, "5 %")
    distrust.refuse(verdicts(Outcome.PASS), 160.0, "5 %")  # it was cured
    distrust.refuse(invalid, 161.0, "5 %")
    with pytest.raises(NoEvidence, match="gate-0 is invalid"):
        distrust.refuse(invalid, 221.0, "5 %")
