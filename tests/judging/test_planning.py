"""Whether each gate can decide within its step."""

import math

import pytest

from greenramp.config import Service
from greenramp.judging.needs import Baseline
from greenramp.judging.planning import Able, duration, outlooks, rungs, undecidable


def service(*gates, ladder=(5, 50, 100), deadline=3600.0, **more):
    return Service.model_validate(
        {
            "model": "fraud",
            "gates": gates,
            "ladder": ladder,
            "step": {"min_seconds": 60.0, "deadline_seconds": deadline},
            **more,
        }
    )


def errors(role="require", margin=0.5, **more):
    return {"name": "errors", "metric": "errors", "role": role, "margin": margin, **more}


def at(found, step, gate="errors"):
    return next(one for one in found if (one.gate, one.rung.name) == (gate, step))


def test_the_ladder_ends_with_the_bake():
    assert [rung.name for rung in rungs(service(errors()))] == ["5 %", "50 %", "100 %", "bake"]


def test_times_come_from_todays_requests_and_the_share():
    found = outlooks(service(errors(margin=1.0), ladder=(50, 100)), 20.0, {"errors": Baseline.given(0.01)})
    first = at(found, "50 %")
    assert first.detect.mean == pytest.approx(1.35 * math.log(20) / (0.01 * 0.169899), rel=1e-4)
    assert first.detect_seconds == pytest.approx(first.detect.mean / 10)
    assert first.quota_seconds == 5.0
    assert first.able is Able.YES


def test_labels_that_half_of_the_requests_get_take_twice_as_long():
    gate = {"name": "right", "metric": "wrong", "margin": 0.2}
    all_, half = (
        at(outlooks(service(gate), 20.0, {"right": Baseline(0.1, 0.1, 0.1, per_request=part)}), "5 %", "right")
        for part in (1.0, 0.5)
    )
    assert half.detect_seconds == pytest.approx(2 * all_.detect_seconds)


def test_users_numbers_are_known_when_their_window_is_over():
    now, later = (
        at(outlooks(service(errors(margin=1.0, **more)), 20.0, {"errors": Baseline.given(0.1)}), "5 %")
        for more in ({}, {"unit": "user", "user_window_seconds": 600})
    )
    assert later.detect.mean == now.detect.mean
    assert later.detect_seconds == pytest.approx(now.detect_seconds + 600)
    assert later.quota_seconds == pytest.approx(now.quota_seconds + 600)
    never = outlooks(service(errors(unit="user", user_window_seconds=4000)), 20.0, {"errors": Baseline.given(0.1)})
    assert never[0].able is Able.NO


def test_the_error_budget_is_shared():
    alone = outlooks(service(errors("guard")), 20.0, {"errors": Baseline.given(0.01)})[0]
    other = {"name": "other", "metric": "errors", "margin": 0.5}
    shared = outlooks(service(errors("guard"), other), 20.0, {"errors": Baseline.given(0.01)})[0]
    assert shared.detect.mean / alone.detect.mean == pytest.approx(math.log(40) / math.log(20))


def test_a_gate_with_two_bounds_has_half_its_part_for_each():
    found = outlooks(service(errors("guard", max_rate=0.5)), 20.0, {"errors": Baseline.given(0.01)})[0]
    alone = outlooks(service(errors("guard")), 20.0, {"errors": Baseline.given(0.01)})[0]
    assert found.detect.mean / alone.detect.mean == pytest.approx(math.log(40) / math.log(20))


def test_a_required_gate_with_too_little_traffic_blocks_and_says_what_would_help():
    found = outlooks(service(errors(margin=0.1)), 1.0, {"errors": Baseline.given(0.01)})
    first = at(found, "5 %")
    assert first.able is Able.NO
    assert first.blocks
    for words in ("candidate requests", "the step ends after 60 min", "a margin of", "deadline_seconds of", "mirror"):
        assert words in first.why


def test_the_margin_that_is_offered_suffices():
    plan, base = service(errors(margin=0.1)), {"errors": Baseline.given(0.05)}
    why = at(outlooks(plan, 10.0, base), "5 %").why
    offered = float(why.split("a margin of ")[1].split(",")[0])
    assert at(outlooks(service(errors(margin=offered)), 10.0, base), "5 %").able is not Able.NO


def test_the_deadline_that_is_offered_suffices():
    base = {"errors": Baseline.given(0.01)}
    why = at(outlooks(service(errors(margin=0.1)), 1.0, base), "5 %").why
    offered = float(why.split("deadline_seconds of ")[1].split(",")[0])
    assert at(outlooks(service(errors(margin=0.1), deadline=offered), 1.0, base), "5 %").able is Able.MAYBE


def test_a_guard_that_sees_too_little_is_marked_but_blocks_nothing():
    found = outlooks(service(errors("guard", margin=0.1)), 1.0, {"errors": Baseline.given(0.01)})
    assert at(found, "5 %").able is Able.NO
    assert undecidable("fraud", found) == ""


def test_an_observer_needs_nothing():
    found = outlooks(service(errors("observe", margin=0.1)), 0.01, {"errors": Baseline.given(0.01)})
    assert {one.able for one in found} == {Able.YES}


def test_what_was_shown_at_one_step_stays_shown():
    found = outlooks(service(errors()), 1000.0, {"errors": Baseline.given(0.01)})
    assert at(found, "100 %").prove.mean == math.inf  # no champion is left
    assert {one.able for one in found} == {Able.YES}


@pytest.mark.parametrize(("per_second", "able"), [(15.0, Able.YES), (6.0, Able.MAYBE)])
def test_a_later_step_with_hardly_any_champion_keeps_what_was_shown(per_second, able):
    found = outlooks(service(errors(), ladder=(50, 99.9, 100)), per_second, {"errors": Baseline.given(0.01)})
    assert at(found, "99.9 %").prove_seconds > 3600
    assert {one.able for one in found} == {able}


def test_a_ladder_without_a_shared_step_can_prove_nothing_against_the_champion():
    found = outlooks(service(errors(), ladder=(100,)), 1000.0, {"errors": Baseline.given(0.01)})
    assert at(found, "100 %").blocks


def test_min_requests_out_of_reach_is_said():
    first = at(outlooks(service(errors(min_requests=1000)), 1.0, {"errors": Baseline.given(0.5)}), "5 %")
    assert first.able is Able.NO
    assert "min_requests (1,000) take 5.6 h" in first.why


def test_a_champion_that_never_failed_in_few_requests_may_still_fail():
    few, many = Baseline.seen(0, 30, 30), Baseline.seen(0, 1_000_000, 1_000_000)
    assert at(outlooks(service(errors()), 100.0, {"errors": few}), "5 %").able is not Able.NO
    assert at(outlooks(service(errors()), 100.0, {"errors": many}), "5 %").blocks


def test_what_is_not_known_is_no_reason_to_refuse():
    found = outlooks(service(errors()), 100.0, {})
    assert {one.able for one in found} == {Able.UNKNOWN}
    assert undecidable("fraud", found) == ""


def test_a_refusal_names_gate_step_and_the_way_round():
    sentence = undecidable("fraud", outlooks(service(errors(margin=0.1)), 1.0, {"errors": Baseline.given(0.01)}))
    assert sentence.startswith("errors is required and can't be decided at 5 %: proof (less than 10 % more) takes")
    assert sentence.endswith("or set allow_undecidable: true in services/fraud.yaml")


@pytest.mark.parametrize("per_second", [0, -1, math.inf, math.nan])
def test_no_traffic_gives_no_answer(per_second):
    with pytest.raises(ValueError, match="above 0"):
        outlooks(service(errors()), per_second, {})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(40, "40 s"), (600, "10 min"), (9000, "2.5 h"), (400_000, "4.6 days"), (math.inf, "never"), (math.nan, "?")],
)
def test_durations_are_for_people(seconds, words):
    assert duration(seconds) == words


OUTSIDE = {
    "sources": {"payments": {"kind": "prometheus", "url": "http://x:1", "bad": "bad_total", "total": "all_total"}},
}
REFUSALS = {"name": "refusals", "metric": "counts", "source": "payments", "unit": "request", "role": "require"}


@pytest.mark.parametrize("bound", [{"margin": 0.5}, {"max_rate": 0.02}])
def test_what_a_source_outside_gives_today_is_not_known_unless_it_is_given(bound):
    plan = service(REFUSALS | bound, **OUTSIDE)
    unknown = outlooks(plan, 20.0, {})
    assert {one.able for one in unknown} == {Able.UNKNOWN}
    assert unknown[0].why == (
        "today's traffic of the source payments is not known; give --base-rate refusals=<bad rate>, "
        "one event per request is reckoned with"
    )
    assert undecidable("fraud", unknown) == ""
    given = at(outlooks(plan, 20.0, {"refusals": Baseline.given(0.01)}), "50 %", "refusals")
    assert math.isfinite(given.prove.mean)


def test_times_of_a_source_outside_are_not_known_at_all():
    times = {"kind": "prometheus", "url": "http://x:1", "buckets": "times_bucket", "unit": "seconds"}
    gate = {"name": "upstream", "metric": "buckets", "source": "times", "unit": "request"}
    found = outlooks(service(gate, sources={"times": times}), 20.0, {})
    assert found[0].why == "today's traffic of the source times is not known"
