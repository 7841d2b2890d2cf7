"""Verdicts of one rule, role by role."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenramp.gates import DriftSeries, Health, RateRule, RateSeries, Role, judge
from greenramp.gates.events import Events
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.gates.rate_gate import Counts
from greenramp.verdict import Outcome

ALPHA, BETA = 0.025, 0.05


def rule(role=Role.GUARD, margin=0.2, max_rate=None, min_requests=100, floor=None):
    bounds = {"margin": margin, "max_rate": max_rate, "floor": floor}
    return RateRule("wrong-answers", role, min_requests, bad="answers wrong", **bounds)


def seen(*strata):
    return Evidence(tuple(Stratum(*s) for s in strata))


class Fed(RateSeries):
    """A series without reserve that has taken in each stratum as one block."""

    def __init__(self, margin, evidence):
        super().__init__(margin, 600.0, reserve=0.0)
        self._given = evidence
        for s in evidence.strata if self.gate else ():
            self.gate.update(Counts(s.share, s.candidate, s.champion, s.candidate_bad, s.champion_bad))

    @property
    def evidence(self):
        return self._given


def verdict(given_rule, evidence, this_step=None, health=Health()):  # noqa: B008  (frozen)
    this_step = evidence.candidate if this_step is None else this_step
    return judge(given_rule, Fed(given_rule.margin, evidence), ALPHA, BETA, this_step=this_step, health=health)


ALIKE = seen((0.05, 1000, 19000, 20, 380))
PROVEN = seen((0.05, 20000, 380000, 400, 7600))
WORSE = seen((0.05, 40, 950, 12, 30))
ALONE_GOOD, ALONE_BAD = seen((1.0, 1000, 0, 1, 0)), seen((1.0, 1000, 0, 52, 0))
LIMIT_ONLY = {"margin": None, "max_rate": 0.01}


@pytest.mark.parametrize(
    ("given_rule", "evidence", "outcome"),
    [
        pytest.param(rule(), ALIKE, Outcome.PASS, id="guard, alike"),
        pytest.param(rule(), WORSE, Outcome.FAIL, id="guard, worse"),
        pytest.param(rule(min_requests=5000), ALIKE, Outcome.UNSURE, id="guard, too few requests"),
        pytest.param(rule(min_requests=5000), WORSE, Outcome.FAIL, id="guard, worse needs no minimum"),
        pytest.param(rule(Role.REQUIRE), ALIKE, Outcome.UNSURE, id="require, alike but not shown"),
        pytest.param(rule(Role.REQUIRE), PROVEN, Outcome.PASS, id="require, shown"),
        pytest.param(rule(Role.REQUIRE, min_requests=20001), PROVEN, Outcome.UNSURE, id="require, too few requests"),
        pytest.param(rule(Role.REQUIRE), WORSE, Outcome.FAIL, id="require, worse"),
        pytest.param(rule(Role.OBSERVE), WORSE, Outcome.PASS, id="observe, worse"),
        pytest.param(rule(**LIMIT_ONLY), ALONE_BAD, Outcome.FAIL, id="guard, over the limit"),
        pytest.param(rule(**LIMIT_ONLY), ALONE_GOOD, Outcome.PASS, id="guard, under the limit"),
        pytest.param(rule(Role.REQUIRE, **LIMIT_ONLY), ALONE_GOOD, Outcome.PASS, id="require, shown under the limit"),
        pytest.param(
            rule(Role.REQUIRE, **LIMIT_ONLY),
            seen((1.0, 150, 0, 1, 0)),
            Outcome.UNSURE,
            id="require, under the limit but not shown",
        ),
        pytest.param(rule(max_rate=0.5), WORSE, Outcome.FAIL, id="both, only the comparison fails"),
        pytest.param(rule(max_rate=0.01), PROVEN, Outcome.FAIL, id="both, only the limit fails"),
        pytest.param(rule(Role.REQUIRE, max_rate=0.05), PROVEN, Outcome.PASS, id="both shown"),
        pytest.param(rule(Role.REQUIRE, max_rate=0.0201), PROVEN, Outcome.UNSURE, id="both, limit not shown"),
        pytest.param(rule(), ALONE_BAD, Outcome.UNSURE, id="nobody to compare with"),
        pytest.param(rule(max_rate=0.01), ALONE_BAD, Outcome.FAIL, id="nobody to compare with, over the limit"),
        pytest.param(rule(max_rate=0.01), ALONE_GOOD, Outcome.PASS, id="nobody to compare with, under the limit"),
        pytest.param(
            rule(Role.REQUIRE, max_rate=0.01), ALONE_GOOD, Outcome.UNSURE, id="nobody to compare with, proof required"
        ),
        pytest.param(rule(), seen((0.05, 200, 0, 12, 0)), Outcome.UNSURE, id="a silent champion proves no harm"),
        pytest.param(rule(floor=0.5, min_requests=40), WORSE, Outcome.PASS, id="forgiven below the floor"),
        pytest.param(rule(floor=0.01), WORSE, Outcome.FAIL, id="not forgiven above the floor"),
    ],
)
def test_outcome(given_rule, evidence, outcome):
    assert verdict(given_rule, evidence).outcome is outcome


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("evidence", [Evidence(), seen((0.05, 0, 500, 0, 9))], ids=["nothing", "champion alone"])
def test_silence_is_not_a_pass(role, evidence):
    answer = verdict(rule(role, max_rate=0.01), evidence)
    assert answer.outcome is Outcome.UNSURE
    assert "silence is not a pass" in answer.sentence


def test_requests_of_earlier_steps_do_not_count_for_this_one():
    assert verdict(rule(), ALIKE, this_step=99).outcome is Outcome.UNSURE
    assert verdict(rule(), ALIKE, this_step=100).outcome is Outcome.PASS


def test_evidence_of_earlier_steps_still_counts():
    later = ALIKE.add(Stratum(0.5, 500, 500, 90, 10)).add(Stratum(1.0, 5000, 0, 100, 0))
    assert verdict(rule(), later, this_step=5000).outcome is Outcome.FAIL


@pytest.mark.parametrize("champion_bad", [0.0, 0.01], ids=["champion never fails", "champion fails at times"])
@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_total_outage_is_caught_within_four_candidate_requests_at_a_small_share(champion_bad, margin):
    def outcome(requests):
        evidence = seen((0.05, requests, 19 * requests, requests, round(19 * requests * champion_bad)))
        series = Fed(margin, evidence)
        return judge(rule(margin=margin), series, 0.05, 0.05, this_step=requests).outcome

    assert outcome(1) is Outcome.UNSURE
    assert Outcome.FAIL in [outcome(requests) for requests in range(1, 5)]


def test_alpha_is_halved_between_comparison_and_limit():
    alone = verdict(rule(), WORSE).numbers
    together = verdict(rule(max_rate=0.5), WORSE).numbers
    assert alone["log10_against_needed"] == pytest.approx(math.log10(40))
    assert together["log10_against_needed"] == together["log10_above_limit_needed"] == pytest.approx(math.log10(80))


@pytest.mark.parametrize(
    ("given_rule", "evidence", "sentence"),
    [
        pytest.param(
            rule(margin=0.05),
            WORSE,
            "12 of 40 answers wrong against the champion's 30 of 950, 7.6 times as often (95 % interval 2.4 to 21); "
            "evidence of harm 24,203 to 1, fails from 40 to 1",
            id="worse",
        ),
        pytest.param(
            rule(Role.REQUIRE, margin=0.05, min_requests=60),
            seen((0.05, 40, 950, 2, 30)),
            "2 of 40 answers wrong against the champion's 30 of 950, 1.3 times as often (95 % interval 0.066 to 6.4); "
            "evidence of harm 0.74 to 1, fails from 40 to 1; evidence of less than 5 % more 0.9 to 1, "
            "passes from 20 to 1; 40 of the 60 requests needed in this step",
            id="not shown yet",
        ),
        pytest.param(
            rule(max_rate=0.1),
            seen((1.0, 400, 0, 4, 0)),
            "4 of 400 answers wrong, no champion traffic to compare with; allowed 10 %, true rate 0.085 % to 3.9 % "
            "(95 % interval); evidence of more than allowed under 0.01 to 1, fails from 80 to 1",
            id="nobody to compare with",
        ),
        pytest.param(
            rule(max_rate=0.1, margin=0.05),
            seen((0.05, 40, 950, 2, 30), (1.0, 60, 0, 60, 0)),
            "62 of 100 answers wrong, allowed 10 %, true rate 45.4 % to 76.9 % (95 % interval); "
            "evidence of more than allowed over a million to 1, fails from 80 to 1",
            id="a failure tells only what failed",
        ),
    ],
)
def test_the_sentence_is_the_arithmetic(given_rule, evidence, sentence):
    assert verdict(given_rule, evidence).sentence == sentence


def test_the_numbers_are_the_arithmetic():
    numbers = verdict(rule(margin=0.05, max_rate=0.1, floor=0.01), WORSE).numbers
    assert (numbers["candidate"], numbers["candidate_bad"]) == (40, 12)
    assert (numbers["champion"], numbers["champion_bad"]) == (950, 30)
    assert numbers["ratio_low"] < numbers["ratio"] < numbers["ratio_high"]
    assert numbers["rate_low"] < numbers["rate"] == 0.3 < numbers["rate_high"]
    assert 10 ** numbers["log10_against"] == pytest.approx(24203, rel=1e-4)
    assert (numbers["margin"], numbers["max_rate"], numbers["floor"]) == (0.05, 0.1, 0.01)


@pytest.mark.parametrize(
    ("alpha", "beta", "this_step"),
    [(0, 0.05, 1), (1, 0.05, 1), (0.05, 0, 1), (0.05, math.nan, 1), (0.05, 0.05, -1), (0.05, 0.05, 41)],
)
def test_nonsense_is_refused(alpha, beta, this_step):
    with pytest.raises(ValueError, match="wrong-answers: "):
        judge(rule(), Fed(0.2, WORSE), alpha, beta, this_step=this_step)


@st.composite
def any_evidence(draw):
    strata = []
    for share in draw(st.lists(st.sampled_from([0.0, 0.05, 0.5, 1.0]), unique=True)):
        candidate, champion = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
        bads = draw(st.integers(0, candidate)), draw(st.integers(0, champion))
        strata.append(Stratum(share, candidate, champion, *bads))
    return Evidence(tuple(strata))


@settings(max_examples=100, deadline=None)
@given(any_evidence(), st.sampled_from(list(Role)), st.sampled_from([None, 0.2]), st.sampled_from([None, 0.001]))
def test_every_number_is_finite_and_every_verdict_says_something(evidence, role, max_rate, floor):
    answer = verdict(rule(role, max_rate=max_rate, floor=floor), evidence)
    assert all(math.isfinite(value) for value in answer.numbers.values())
    assert answer.sentence
    assert role is not Role.OBSERVE or answer.outcome is not Outcome.FAIL


# numbers that can't be trusted

BROKEN, SILENT = Health(invalid="3 values of nothing"), Health(unavailable="no label for 900 s")


@pytest.mark.parametrize(
    ("role", "evidence", "health", "outcome"),
    [
        pytest.param(Role.GUARD, ALIKE, BROKEN, Outcome.INVALID, id="invalid"),
        pytest.param(Role.GUARD, ALIKE, SILENT, Outcome.UNAVAILABLE, id="unavailable"),
        pytest.param(Role.GUARD, Evidence(), SILENT, Outcome.UNAVAILABLE, id="unavailable from the start"),
        pytest.param(Role.GUARD, ALIKE, Health("bad", "silent"), Outcome.INVALID, id="the worse of both"),
        pytest.param(Role.GUARD, WORSE, BROKEN, Outcome.FAIL, id="proven harm is worse still"),
        pytest.param(Role.REQUIRE, PROVEN, BROKEN, Outcome.INVALID, id="no proof from invalid numbers"),
        pytest.param(Role.OBSERVE, ALIKE, BROKEN, Outcome.PASS, id="an observer stops nothing"),
        pytest.param(Role.OBSERVE, Evidence(), SILENT, Outcome.UNSURE, id="an observer's silence is no pass"),
    ],
)
def test_numbers_that_cannot_be_trusted_pass_nothing_and_fail_nothing(role, evidence, health, outcome):
    assert verdict(rule(role), evidence, health=health).outcome is outcome


def test_what_forbids_to_judge_stands_first_and_a_note_last():
    answer = verdict(rule(), ALIKE, health=Health(invalid="3 values of nothing", note="2 of 9 labels did not come"))
    assert answer.sentence.startswith("3 values of nothing; 20 of 1,000 answers wrong")
    assert answer.sentence.endswith("; 2 of 9 labels did not come")


def test_a_series_of_another_kind_is_refused():
    answers = DriftSeries()
    answers.add(Events.of([(0.5, True, 1.0, 0.0, 0)]))
    with pytest.raises(TypeError, match="does not judge a DriftSeries"):
        judge(rule(), answers, ALPHA, BETA, this_step=0)
