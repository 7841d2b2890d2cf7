"""`greenramp drill` before it touches anything: what there is, and what is refused."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.drill.faults import Fault
from greenramp.drill.places import Place
from greenramp.errors import ConfigError


def told(*words: str):
    return CliRunner().invoke(app, ["drill", *words])


def test_the_list_names_every_fault_and_every_place():
    done = told("--list")
    assert done.exit_code == 0
    assert all(fault.value in done.output for fault in Fault)
    assert all(place.value in done.output for place in Place)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--fault", "earthquake"), "--fault earthquake: not known; take one of slow, wrong"),
        (("--at", "lunch"), "--at lunch: not known; take one of registered"),
        (("--fault", "wrong", "--at", "canary"), "leave --at out"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_before_anything_is_touched(words, says, tmp_path, monkeypatch):
    monkeypatch.setenv("GREENRAMP_HOME", str(tmp_path / "nowhere"))
    done = told(*words)
    assert isinstance(done.exception, ConfigError)
    assert says in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_without_a_site_it_says_how_to_start_one(tmp_path, monkeypatch):
    monkeypatch.setenv("GREENRAMP_HOME", str(tmp_path / "nowhere"))
    done = told()
    assert isinstance(done.exception, ConfigError)
    assert "greenramp up" in str(done.exception)
