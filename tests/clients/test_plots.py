"""A release's picture is drawn from its journal, whatever happened in it."""

import io

import pytest

from greenramp.clients.plots import release_figure
from greenramp.verdict import Outcome

COUNTS = {"candidate": 40, "candidate_bad": 2, "champion": 400, "champion_bad": 40}
SILENCE = dict.fromkeys(COUNTS, 0)


def verdicts(ts, outcome, gate="errors", **numbers):
    one = {"gate": gate, "outcome": outcome, "sentence": f"said at {ts:g}", "numbers": numbers}
    return {"ts": ts, "event": "verdicts", "where": "canary", "seconds": 1.0, "verdicts": [one]}


CLAIMED = {"ts": 100.0, "event": "claimed", "live": "blue", "version": "7"}
RAISED = [{"ts": 100.0 + n, "event": "share raised", "percent": p, "generation": n} for n, p in ((1, 5.0), (2, 25.0))]
SWITCHED = {"ts": 105.0, "event": "traffic switched", "live": "green", "generation": 4}
PUT_BACK = {"ts": 106.0, "event": "traffic put back", "live": "blue", "version": "7"}


def drawn(journal):
    figure = release_figure(journal, "fraud-1: live")
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    return figure


def points(axis, label):
    (line,) = (line for line in axis.lines if line.get_label() == label)
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def marks(axis):
    """Give the times at which a line goes from top to bottom."""
    return [line.get_xdata()[0] for line in axis.lines if list(line.get_ydata()) == [0, 1]]


def test_a_release_without_gates_shows_the_share_alone():
    (share,) = drawn([CLAIMED, *RAISED, SWITCHED]).axes
    (line,) = share.lines
    assert list(line.get_xdata()) == [0.0, 1.0, 2.0, 5.0, 5.0]
    assert list(line.get_ydata()) == [0.0, 5.0, 25.0, 100.0, 100.0]
    assert share.get_title(loc="left") == "fraud-1: live"
    assert [text.get_text() for text in share.texts] == ["5 %", "25 %", "100 %"]


def test_each_gate_has_a_picture_of_its_own_below_the_share():
    journal = [CLAIMED, verdicts(101.0, "pass", "errors", **COUNTS), verdicts(102.0, "pass", "accuracy", **COUNTS)]
    _share, accuracy, _, errors, _ = drawn(journal).axes
    assert [axis.get_ylabel() for axis in (accuracy, errors)] == ["accuracy\n% bad", "errors\n% bad"]


def test_a_gate_shows_both_sides_rates_over_time_and_what_was_said_last():
    _share, gate, _ = drawn([CLAIMED, verdicts(103.0, "unsure", **COUNTS), verdicts(104.0, "pass", **COUNTS)]).axes
    assert points(gate, "candidate") == [(3.0, 5.0), (4.0, 5.0)]
    assert points(gate, "champion") == [(3.0, 10.0), (4.0, 10.0)]
    assert gate.get_title(loc="left") == "pass: said at 104"


@pytest.mark.parametrize(
    ("numbers", "unit", "mine", "theirs"),
    [
        ({"median_ms": 12.0, "champion_median_ms": 10.0}, "median, ms", 12.0, 10.0),
        ({"mean": 0.3, "champion_mean": 0.25}, "mean error", 0.3, 0.25),
    ],
)
def test_a_gate_that_compares_numbers_shows_those_of_both_sides(numbers, unit, mine, theirs):
    _share, gate, _ = drawn([CLAIMED, verdicts(103.0, "pass", "times", **numbers)]).axes
    assert gate.get_ylabel() == f"times\n{unit}"
    assert (points(gate, "candidate"), points(gate, "champion")) == ([(3.0, mine)], [(3.0, theirs)])


def test_the_share_of_draws_stands_beside_the_one_that_was_told():
    told = {"draws": 200, "candidate_draws": 12, "expected_draws": 10}
    _share, gate, _ = drawn([CLAIMED, verdicts(103.0, "pass", "router/shares", **told)]).axes
    assert (points(gate, "candidate"), points(gate, "as told")) == ([(3.0, 6.0)], [(3.0, 5.0)])


def test_a_distance_is_drawn_with_its_bounds_and_tolerance():
    far = {"distance": 0.2, "distance_low": 0.1, "distance_high": 0.3, "tolerance": 0.25}
    _share, gate, _ = drawn([CLAIMED, verdicts(103.0, "unsure", "answers", **far)]).axes
    assert points(gate, "distance of the answers") == [(3.0, 0.2)]


def test_evidence_is_drawn_with_what_it_has_to_reach():
    known = {"log10_against": 0.5, "log10_against_needed": 1.3, "log10_for": 9.0, "log10_for_needed": 1.3}
    _share, _, evidence = drawn([CLAIMED, verdicts(103.0, "unsure", **known)]).axes
    assert points(evidence, "against it") == [(3.0, 0.5)]
    assert points(evidence, "for it") == [(3.0, 6.0)]  # what lies beyond decides nothing more
    assert [line.get_ydata()[0] for line in evidence.lines if len(set(line.get_ydata())) == 1].count(1.3) == 2


def test_a_candidate_nobody_has_met_has_no_rate():
    _share, gate, _ = drawn([CLAIMED, verdicts(103.0, "unsure", **SILENCE)]).axes
    assert not gate.lines


def test_what_was_put_back_falls_to_nothing_and_the_failure_is_marked_in_every_picture():
    share, gate, evidence = drawn([CLAIMED, *RAISED, verdicts(104.0, "fail", **COUNTS), PUT_BACK]).axes
    assert list(share.lines[0].get_ydata())[-2:] == [0.0, 0.0]
    assert marks(share) == marks(gate) == marks(evidence) == [4.0]


def test_every_outcome_has_a_colour_of_its_own():
    lines = [verdicts(101.0 + n, outcome.value, **COUNTS) for n, outcome in enumerate(Outcome)]
    _share, gate, _ = drawn([CLAIMED, *lines]).axes
    (dots,) = gate.collections
    assert len({tuple(color) for color in dots.get_facecolors()}) == len(Outcome)


@pytest.mark.parametrize(
    "journal",
    [
        pytest.param([], id="nothing happened"),
        pytest.param([CLAIMED], id="only claimed"),
        pytest.param([PUT_BACK], id="put back at once"),
        pytest.param([CLAIMED, {"ts": 101.0, "event": "verdicts", "verdicts": []}], id="no verdicts"),
        pytest.param([CLAIMED, verdicts(101.0, "unsure")], id="no numbers"),
        pytest.param([CLAIMED, verdicts(101.0, "fail", candidate=3, candidate_bad=3)], id="no champion"),
    ],
)
def test_an_odd_journal_is_drawn_too(journal):
    assert drawn(journal).axes
