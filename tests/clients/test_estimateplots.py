"""Each gate's estimate is drawn between the bounds that hold at every look."""

import io

import pytest

from greenramp.clients.estimateplots import estimates_figure


def look(ts, outcome="unsure", gate="errors", **numbers):
    one = {"gate": gate, "outcome": outcome, "sentence": "said", "numbers": numbers}
    return {"ts": ts, "event": "verdicts", "where": "5 %", "verdicts": [one]}


START = {"ts": 100.0, "event": "claimed"}
KINDS = [
    ({"ratio": 2.0, "ratio_low": 1.0, "ratio_high": 4.0, "margin": 0.5}, "times as often", 1.5),
    ({"rate": 0.02, "rate_low": 0.01, "rate_high": 0.05, "max_rate": 0.03}, "rate", 0.03),
    ({"distance": 0.1, "distance_low": 0.0, "distance_high": 0.3, "tolerance": 0.2}, "distance", 0.2),
]


def drawn(journal):
    figure = estimates_figure(journal, "fraud-4: live")
    figure.savefig(io.BytesIO(), format="png", dpi=20)
    return figure.axes


def level(axis, label):
    return next(line.get_ydata()[0] for line in axis.lines if line.get_label() == label)


@pytest.mark.parametrize(("numbers", "unit", "held_to"), KINDS, ids=[unit for _, unit, _ in KINDS])
def test_estimate_bounds_and_limit_are_drawn(numbers, unit, held_to):
    (axis,) = drawn([START, look(103.0, **numbers), look(104.0, "fail", **numbers)])
    assert axis.get_ylabel() == f"errors\n{unit}"
    line = next(line for line in axis.lines if line.get_label() == "estimate")
    assert list(line.get_xdata()) == [3.0, 4.0]
    assert level(axis, "held to") == pytest.approx(held_to)


def test_a_ratio_is_seen_against_that_of_equals_and_a_bound_nobody_knows_lies_at_the_edge():
    (axis,) = drawn([START, look(103.0, ratio_low=0.0, margin=0.5)])
    assert level(axis, "as the champion") == 1.0
    assert axis.get_ylim() == (1 / 16, 16.0)
    assert not [line for line in axis.lines if line.get_label() == "estimate"]


def test_gates_without_bounds_have_no_picture():
    assert estimates_figure([START, look(103.0, median_ms=3.0)], "x") is None
    assert estimates_figure([], "x") is None
