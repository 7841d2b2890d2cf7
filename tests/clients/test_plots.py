"""A release's picture is drawn from its journal, whatever happened in it."""

import io

import pytest

from greenramp.clients.plots import release_figure
from greenramp.verdict import Outcome

COUNTS = {"candidate": 40, "candidate_bad": 2, "champion": 400, "champion_bad": 20}
RATIO = {**COUNTS, "ratio": 1.0, "ratio_low": 0.3, "ratio_high": 3.0}


def verdicts(ts, outcome, **numbers):
    one = {"gate": "errors", "outcome": outcome, "sentence": "s", "numbers": numbers}
    return {"ts": ts, "event": "verdicts", "where": "canary", "seconds": 1.0, "verdicts": [one]}


CLAIMED = {"ts": 100.0, "event": "claimed", "live": "blue", "version": "7"}
RAISED = [{"ts": 100.0 + n, "event": "share raised", "percent": p, "generation": n} for n, p in ((1, 5.0), (2, 25.0))]
SWITCHED = {"ts": 105.0, "event": "traffic switched", "live": "green", "generation": 4}
PUT_BACK = {"ts": 106.0, "event": "traffic put back", "live": "blue", "version": "7"}


def drawn(journal):
    figure = release_figure(journal, "fraud-1: live")
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    return figure


def test_a_release_without_gates_shows_the_share_alone():
    figure = drawn([CLAIMED, *RAISED, SWITCHED])
    (share,) = figure.axes
    assert share.get_title(loc="left") == "fraud-1: live"
    (line,) = share.lines
    assert list(line.get_xdata()) == [0.0, 1.0, 2.0, 5.0, 5.0]
    assert list(line.get_ydata()) == [0.0, 5.0, 25.0, 100.0, 100.0]


def test_each_gate_has_a_picture_of_its_own_below_the_share():
    line = verdicts(103.0, "pass", **RATIO)
    line["verdicts"] += [{**line["verdicts"][0], "gate": "accuracy"}]
    _share, first, second = drawn([CLAIMED, *RAISED, line, SWITCHED]).axes
    assert [axis.get_ylabel().splitlines()[0] for axis in (first, second)] == ["accuracy", "errors"]


def test_what_was_put_back_falls_to_nothing_and_the_failure_is_marked():
    share, gate = drawn([CLAIMED, *RAISED, verdicts(104.0, "fail", **RATIO), PUT_BACK]).axes
    step, mark = share.lines
    assert list(step.get_ydata())[-2:] == [0.0, 0.0]
    assert set(mark.get_xdata()) == {4.0}
    assert [line for line in gate.lines if list(line.get_xdata()) == [4.0, 4.0]]


def test_both_sides_rates_are_drawn_and_the_last_verdict_is_in_words():
    _share, gate = drawn([CLAIMED, *RAISED, verdicts(104.0, "pass", **COUNTS)]).axes
    champion, candidate = gate.lines
    assert list(champion.get_ydata()) == [5.0]
    assert list(candidate.get_ydata()) == [5.0]
    assert gate.get_title(loc="left") == "pass: s"


def test_every_outcome_has_a_colour_of_its_own():
    lines = [verdicts(101.0 + n, outcome.value, **RATIO) for n, outcome in enumerate(Outcome)]
    _share, gate = drawn([CLAIMED, *lines]).axes
    (dots,) = gate.collections
    assert len({tuple(color) for color in dots.get_facecolor()}) == len(Outcome)


@pytest.mark.parametrize(
    "journal",
    [
        pytest.param([], id="nothing happened"),
        pytest.param([CLAIMED], id="only claimed"),
        pytest.param([CLAIMED, verdicts(101.0, "unsure", **COUNTS)], id="no ratio yet"),
        pytest.param(
            [CLAIMED, verdicts(101.0, "fail", **{**RATIO, "ratio": 0.0, "ratio_low": 0.0})], id="ratio of zero"
        ),
        pytest.param([CLAIMED, verdicts(101.0, "fail", **{**COUNTS, "ratio": 900.0})], id="ratio beyond the picture"),
        pytest.param([CLAIMED, {"ts": 101.0, "event": "verdicts", "verdicts": []}], id="no verdicts"),
        pytest.param([PUT_BACK], id="put back at once"),
    ],
)
def test_an_odd_journal_is_drawn_too(journal):
    assert drawn(journal).axes
