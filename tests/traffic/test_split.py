"""Shares are whole tenths of a percent that add up, and become router weights without loss."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.traffic.split import TOTAL_WEIGHT, Side, Split

TENTHS = st.integers(0, 1000).map(lambda tenths: tenths / 10)
SIDES = st.sampled_from(list(Side))


@pytest.mark.parametrize(
    ("blue", "green", "words"),
    [
        pytest.param(90, 20, "add up to 100, not 90", id="too much"),
        pytest.param(0, 0, "add up to 100", id="nothing for anybody"),
        pytest.param(-1, 101, "blue must be", id="negative"),
        pytest.param(0, 100.1, "green must be", id="above all"),
        pytest.param(99.95, 0.05, "multiple of 0.1", id="finer than the router's step"),
        pytest.param(math.nan, 100, "blue must be", id="not a number"),
        pytest.param(100, -math.inf, "green must be", id="without end"),
    ],
)
def test_a_split_refuses_nonsense_and_says_what(blue, green, words):
    with pytest.raises(ValueError, match=words):
        Split(blue=blue, green=green)


def test_each_side_has_the_other():
    assert Side.BLUE.other is Side.GREEN
    assert Side.GREEN.other is Side.BLUE


@given(SIDES, TENTHS)
def test_a_side_is_given_exactly_what_was_said_and_the_other_the_rest(side, percent):
    split = Split.giving(side, percent)
    assert split.percent(side) == percent
    assert split.percent(side.other) == pytest.approx(100 - percent)


@given(SIDES, TENTHS)
def test_the_router_weights_always_add_up_to_the_same_total(side, percent):
    split = Split.giving(side, percent)
    assert split.weight(Side.BLUE) + split.weight(Side.GREEN) == TOTAL_WEIGHT
    assert split.weight(side) == round(percent * 10) * 10


@given(SIDES, TENTHS, TENTHS)
def test_a_larger_share_is_never_a_smaller_weight(side, one, other):
    small, large = sorted((one, other))
    assert Split.giving(side, small).weight(side) <= Split.giving(side, large).weight(side)


def test_a_split_reads_as_people_say_it():
    assert str(Split.giving(Side.GREEN, 10)) == "blue 90 / green 10"
    assert str(Split.giving(Side.BLUE, 0.1)) == "blue 0.1 / green 99.9"
