"""Numbers as people read them."""

import math

import pytest

from greenramp.gates.wording import number, odds, percent, times_as_often


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.0312, "0.031"),
        (0.0996, "0.1"),
        (1, "1"),
        (7.64, "7.6"),
        (9.96, "10"),
        (13.2, "13"),
        (2437, "2,400"),
    ],
)
def test_numbers_have_two_figures(value, words):
    assert number(value) == words


@pytest.mark.parametrize(
    ("rate", "words"),
    [(0.0, "0 %"), (0.0005, "0.05 %"), (0.07, "7 %"), (0.2, "20 %"), (0.999, "99.9 %"), (1.0, "100 %")],
)
def test_rates_are_percentages(rate, words):
    assert percent(rate) == words


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        pytest.param(2436.7, "2,436 to 1", id="plain"),
        pytest.param(39.99, "39 to 1", id="short of forty reads so"),
        pytest.param(1 / 0.05, "20 to 1", id="twenty is twenty"),
        pytest.param(0.74, "0.74 to 1", id="against it"),
        pytest.param(1e-5, "under 0.01 to 1", id="nearly none"),
        pytest.param(1e9, "over a million to 1", id="plenty"),
    ],
)
def test_evidence_reads_as_odds(evidence, words):
    assert odds(math.log(evidence)) == words


@pytest.mark.parametrize(
    ("ratio", "low", "high", "words"),
    [
        (7.64, 2.41, 21.3, ", 7.6 times as often (95 % interval 2.4 to 21)"),
        (math.inf, 2.7, math.inf, ", at least 2.7 times as often"),
        (0.0, 0.0, 1.12, ", at most 1.1 times as often"),
        (math.inf, 0.0, math.inf, ""),
        (None, 0.0, math.inf, ""),
    ],
)
def test_only_the_known_end_of_an_interval_is_told(ratio, low, high, words):
    assert times_as_often(ratio, low, high) == words
