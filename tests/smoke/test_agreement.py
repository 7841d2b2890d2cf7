"""Numbers agree within a tolerance, everything else exactly, at any depth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.config import Tolerance
from greenramp.smoke.agreement import difference

NEAR = Tolerance(absolute=0.01, relative=0.001)


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        pytest.param([1, 2], [1.0, 2.009], id="within the absolute tolerance"),
        pytest.param([1000.0], [1000.9], id="within the relative tolerance"),
        pytest.param(["cat", True, None], ["cat", True, None], id="classes"),
        pytest.param([math.nan, math.inf], [math.nan, math.inf], id="not finite alike"),
        pytest.param([{"a": [1.0, "x"]}], [{"a": [1.001, "x"]}], id="nested"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_these_are_the_same(seen, wanted):
    assert difference(seen, wanted, NEAR) is None
    assert difference(wanted, seen, NEAR) is None


@pytest.mark.parametrize(
    ("seen", "wanted", "said"),
    [
        pytest.param([1.0, 1.2], [1.0, 1.0], "answer 2 is 1.2 instead of 1.0", id="too far"),
        pytest.param([1], [1, 2], "1 answers instead of 2", id="too few"),
        pytest.param(["cat"], ["dog"], "answer 1 is 'cat' instead of 'dog'", id="another class"),
        pytest.param(["1"], [1], "answer 1 is '1' instead of 1", id="a text that looks like the number"),
        pytest.param([True], [1], "answer 1 is True instead of 1", id="true is no number"),
        pytest.param([None], [math.nan], "answer 1 is None instead of nan", id="null is not NaN"),
        pytest.param([math.nan], [0.5], "answer 1 is nan instead of 0.5", id="NaN is near nothing"),
        pytest.param([{"p": [0.1, 0.5]}], [{"p": [0.1, 0.9]}], "answer 1.p[1] is 0.5 instead of 0.9", id="nested"),
        pytest.param([{"a": 1}], [{"b": 1}], "answer 1 is {'a': 1} instead of {'b': 1}", id="other names"),
        pytest.param(["x" * 100], [1], f"answer 1 is '{'x' * 59}... instead of 1", id="not told at any length"),
    ],
)
def test_the_first_difference_is_told(seen, wanted, said):
    assert difference(seen, wanted, NEAR) == said


@given(st.lists(st.floats() | st.text() | st.integers() | st.none() | st.lists(st.floats())))
def test_whatever_is_said_is_the_same_as_itself(answers):
    assert difference(answers, list(answers), Tolerance(absolute=0, relative=0)) is None
