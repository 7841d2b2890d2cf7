"""Copies of requests: who may order them, and what ends them."""

from dataclasses import replace

import pytest

from greenramp.errors import Fenced
from greenramp.traffic.handling import MAX_MIRROR_KB
from greenramp.traffic.route import Route, claim, copy, lapse, leave, put_back, shift, switch, take_back
from greenramp.traffic.split import Side

NOW, LEASE = 1_000_000.0, 15.0
AFTER = NOW + LEASE
CLAIMED = claim(Route("fraud", live=Side.BLUE), "r1", NOW, LEASE)
MIRRORED = copy(CLAIMED, "r1", NOW, 50.0, 64, "shadow")


def test_copies_leave_the_split_as_it_was():
    assert (MIRRORED.mirror, MIRRORED.mirror_max_kb, MIRRORED.percent, MIRRORED.step) == (50.0, 64, 0.0, "shadow")
    assert MIRRORED.leased
    assert not CLAIMED.leased


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(lambda r: shift(r, "r1", NOW, 5.0, "canary"), id="a share"),
        pytest.param(lambda r: shift(r, "r1", NOW, 0.0, "no share"), id="a share of nothing"),
        pytest.param(lambda r: switch(r, "r1", NOW, Side.GREEN, "switched"), id="the switch"),
        pytest.param(lambda r: put_back(r, "r1", Side.BLUE), id="the way back"),
        pytest.param(lambda r: leave(r, "r1"), id="letting go"),
        pytest.param(lambda r: take_back(r, "a person", NOW, LEASE), id="a person"),
        pytest.param(lambda r: claim(r, "r2", AFTER, LEASE), id="the next release"),
        pytest.param(lambda r: lapse(r, AFTER), id="the end of the lease"),
        pytest.param(lambda r: copy(r, "r1", NOW, 0.0, 64, "no shadow"), id="an order"),
    ],
)
def test_copies_end_with(end):
    assert end(MIRRORED).mirror == 0


@pytest.mark.parametrize(("owner", "now"), [("r2", NOW), ("r1", AFTER)])
def test_only_the_living_owner_orders_copies(owner, now):
    with pytest.raises(Fenced):
        copy(CLAIMED, owner, now, 50.0, 64, "shadow")


def test_a_lease_that_stands_keeps_the_copies():
    assert lapse(MIRRORED, AFTER - 0.001) is MIRRORED


@pytest.mark.parametrize(
    "wrong",
    [
        {"mirror": 101.0},
        {"mirror": 0.05},
        {"mirror": -1.0},
        {"mirror": 5.0, "percent": 5.0},
        {"mirror": 5.0, "fallback": True},
        {"mirror": 5.0, "live": None},
        {"mirror_max_kb": 0},
        {"mirror_max_kb": MAX_MIRROR_KB + 1},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"fraud|multiple of"):
        replace(CLAIMED, **wrong)
