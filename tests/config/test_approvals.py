"""Where a service may ask for approval."""

import pytest
from pydantic import ValidationError

from greenramp.config import Service

GATE = {"name": "errors", "metric": "errors", "margin": 0.2}


def service(*approvals, **changes):
    config = {"model": "fraud", "gates": [GATE], "ladder": [5, 25, 100], "approvals": list(approvals), **changes}
    return Service.model_validate(config)


def test_places_are_the_shadow_steps_of_the_ladder_and_the_promotion():
    plan = service({"before": "shadow"}, {"before": 25, "on_expiry": "continue"}, {"before": "promotion"})
    assert [approval.place for approval in plan.approvals] == ["shadow", "25 %", "promotion"]
    assert plan.approval_at("25 %").on_expiry == "continue"
    assert plan.approval_at("5 %") is None


def test_nobody_is_asked_unless_the_service_says_so_and_without_an_answer_all_goes_back():
    assert service().approvals == ()
    assert service({"before": "promotion"}).approvals[0].on_expiry == "back"


@pytest.mark.parametrize(
    ("approvals", "changes", "message"),
    [
        ([{"before": 30}], {}, "before 30 %: not a step of the ladder, which is 5, 25, 100"),
        ([{"before": 100}], {}, "before 100 is called promotion"),
        ([{"before": "bake"}], {}, "must be shadow, a percent of the ladder below 100, or promotion, not 'bake'"),
        ([{"before": 25}, {"before": 25}], {}, "each place once; given more than once: 25 %"),
        ([{"before": "shadow"}], {"shadow": {"enabled": False}}, "the shadow step is off"),
        ([{"before": 25, "expires_seconds": 0}], {}, "greater than 0"),
        ([{"before": 25, "on_expiry": "ask"}], {}, "'back' or 'continue'"),
        ([{"before": 25, "who": "ann"}], {}, "Extra inputs"),
    ],
)
def test_a_place_that_is_none_is_refused(approvals, changes, message):
    with pytest.raises(ValidationError, match=message):
        service(*approvals, **changes)
