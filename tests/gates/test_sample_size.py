"""The estimate of how long a proof takes."""

import math

import pytest

from greenramp.gates import candidate_requests


@pytest.mark.parametrize(
    ("margin", "thousands"), [pytest.param(0.25, 23.7, id="tight"), pytest.param(0.5, 6.8, id="wide")]
)
def test_errors_of_half_a_percent_at_a_small_share_need_what_was_published(margin, thousands):
    plan = candidate_requests(base_rate=0.005, margin=margin, share=0.05, beta=0.05)
    assert plan.mean / 1000 == pytest.approx(thousands, abs=0.05)
    assert plan.p95 == 3.5 * plan.mean


def test_a_small_margin_comes_near_its_approximation():
    plan = candidate_requests(base_rate=0.01, margin=0.001, share=0.2, beta=0.05)
    assert plan.mean == pytest.approx(2 * math.log(20) / (0.01 * 0.001**2 * 0.8), rel=0.01)


@pytest.mark.parametrize("changes", [{"base_rate": 0}, {"share": 1}, {"beta": 0}, {"margin": 0}, {"margin": math.inf}])
def test_nonsense_is_refused(changes):
    with pytest.raises(ValueError, match=next(iter(changes))):
        candidate_requests(**{"base_rate": 0.01, "margin": 0.2, "share": 0.05, "beta": 0.05, **changes})
