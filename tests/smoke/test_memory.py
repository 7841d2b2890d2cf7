"""A leak grows from first to last; what an allocator takes once, or gives and takes, is none."""

import random

import pytest

from greenramp.smoke.memory import FEWEST_REQUESTS, growth_per_request


def samples(memory, requests=600, every=3):
    chance = random.Random(7)
    return [(n, memory(n) + chance.gauss(0, 0.3)) for n in range(0, requests + 1, every)]


@pytest.mark.parametrize("mb", [0.01, 0.1, 2.0])
def test_a_leak_is_measured(mb):
    assert growth_per_request(samples(lambda n: 200 + mb * n)) == pytest.approx(mb, rel=0.15, abs=0.002)


def test_a_long_test_is_judged_as_quickly_as_a_short_one():
    many = samples(lambda n: 200 + 0.1 * n, requests=100_000, every=2)  # all pairs would be a thousand million
    assert growth_per_request(many) == pytest.approx(0.1, rel=0.01)


def test_a_leak_on_every_tenth_request_is_measured():
    assert growth_per_request(samples(lambda n: 200 + 1.0 * (n // 10))) == pytest.approx(0.1, rel=0.15)


@pytest.mark.parametrize(
    "memory",
    [
        pytest.param(lambda _n: 200, id="flat"),
        pytest.param(lambda n: 200 + min(n, 100), id="warming up"),
        pytest.param(lambda n: 200 + 100 * (n > 250), id="one step in the first half"),
        pytest.param(lambda n: 200 + 100 * (n > 480), id="one step in the second half"),
        pytest.param(lambda n: 200 + 20 * (n // 50 % 2), id="taken and given back"),
        pytest.param(lambda n: 300 - 0.1 * n, id="shrinking"),
        pytest.param(lambda n: 200 + 50 * (n == 300), id="a single peak"),
    ],
)
def test_what_is_no_leak_is_not_called_one(memory):
    assert growth_per_request(samples(memory)) < 0.005


def test_a_request_that_takes_long_is_one_request_however_often_memory_is_looked_at():
    halting = [(n, 200.0 + 50 * (n > 480)) for n in range(0, 601, 3) for _ in range(50 if 470 < n < 490 else 1)]
    assert growth_per_request(halting) == 0


@pytest.mark.parametrize(
    "given",
    [[], [(0, 1.0)], samples(lambda n: n, requests=FEWEST_REQUESTS - 10), samples(lambda n: n, every=60)],
    ids=["nothing", "one", "too few requests", "too few samples"],
)
def test_too_little_to_tell_is_not_called_sound(given):
    assert growth_per_request(given) is None
