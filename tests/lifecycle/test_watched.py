"""How a watched step came out, and how its clock runs."""

import pytest

from greenramp.errors import GateFailed, NoEvidence
from greenramp.lifecycle.watched import StepClock, Watched
from greenramp.verdict import Outcome, Verdict

ADVANCED = "advanced by ann"


def watched(*outcomes, advanced=""):
    return Watched(tuple(Verdict("errors", outcome, "seen") for outcome in outcomes), "25 %", advanced)


@pytest.mark.parametrize("advanced", ["", ADVANCED], ids=["alone", "advanced"])
@pytest.mark.parametrize(
    ("outcome", "error"),
    [(Outcome.FAIL, GateFailed), (Outcome.INVALID, NoEvidence), (Outcome.UNAVAILABLE, NoEvidence)],
)
def test_nobody_goes_over_a_bad_gate(outcome, error, advanced):
    with pytest.raises(error):
        watched(Outcome.PASS, outcome, Outcome.UNSURE, advanced=advanced).require()


def test_only_a_person_goes_over_an_unsure_gate():
    watched(Outcome.PASS, Outcome.UNSURE, advanced=ADVANCED).require()
    with pytest.raises(NoEvidence):
        watched(Outcome.PASS, Outcome.UNSURE).require()


def test_nothing_seen_is_never_over_well():
    with pytest.raises(NoEvidence):
        watched(advanced=ADVANCED).require()


def test_the_clock_of_a_step_stands_still_while_it_is_held():
    clock, held = StepClock(), {2.0, 3.0, 4.0}
    seconds = [clock.look(now, held=now in held) for now in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)]
    assert seconds == [0, 1, 1, 1, 1, 2, 3]
