"""Counts refuse nonsense, and add up whatever the order they come in."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.gates.evidence import Evidence, Stratum


@st.composite
def strata(draw):
    candidate, champion = draw(st.integers(0, 1000)), draw(st.integers(0, 1000))
    share = draw(st.sampled_from([0.0, 0.05, 0.25, 0.5, 1.0]))
    return Stratum(share, candidate, champion, draw(st.integers(0, candidate)), draw(st.integers(0, champion)))


def gathered(parts):
    evidence = Evidence()
    for part in parts:
        evidence = evidence.add(part)
    return evidence


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        pytest.param({"share": 1.1}, "share must lie", id="share above one"),
        pytest.param({"share": -0.1}, "share must lie", id="share below zero"),
        pytest.param({"share": math.nan}, "share must lie", id="share not a number"),
        pytest.param({"candidate": 3, "candidate_bad": 4}, "no more than events", id="more bad than seen"),
        pytest.param({"champion": 3, "champion_bad": 4}, "no more than events", id="more bad than seen, champion"),
        pytest.param({"candidate": 3, "candidate_bad": -1}, "none negative", id="negative bad"),
        pytest.param({"champion": -1}, "none negative", id="negative events"),
    ],
)
def test_a_stratum_refuses_nonsense_and_says_what(numbers, words):
    with pytest.raises(ValueError, match=words):
        Stratum(**{"share": 0.5, **numbers})


def test_shares_are_kept_apart_and_equal_shares_are_merged():
    evidence = gathered([Stratum(0.05, 10, 190, 1, 2), Stratum(0.25, 5, 15, 0, 1), Stratum(0.05, 1, 19, 1, 0)])
    assert evidence.strata == (Stratum(0.05, 11, 209, 2, 2), Stratum(0.25, 5, 15, 0, 1))


def test_adding_leaves_the_evidence_before_as_it_was():
    before = Evidence((Stratum(0.05, 1, 1),))
    before.add(Stratum(0.05, 1, 1))
    assert before == Evidence((Stratum(0.05, 1, 1),))


def test_nothing_counted_is_nothing():
    nothing = Evidence()
    assert (nothing.candidate, nothing.champion, nothing.candidate_bad, nothing.champion_bad) == (0, 0, 0, 0)


@given(st.lists(strata()), st.randoms(use_true_random=False))
def test_the_order_of_counting_does_not_matter(parts, chance: random.Random):
    shuffled = list(parts)
    chance.shuffle(shuffled)
    assert set(gathered(parts).strata) == set(gathered(shuffled).strata)


@given(st.lists(strata()))
def test_nothing_is_lost_and_nothing_counted_twice(parts):
    evidence = gathered(parts)
    assert evidence.candidate == sum(p.candidate for p in parts)
    assert evidence.champion == sum(p.champion for p in parts)
    assert evidence.candidate_bad == sum(p.candidate_bad for p in parts)
    assert evidence.champion_bad == sum(p.champion_bad for p in parts)
    assert sum(s.bad for s in evidence.strata) == evidence.candidate_bad + evidence.champion_bad
    assert len({s.share for s in evidence.strata}) == len(evidence.strata)
