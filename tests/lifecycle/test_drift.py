"""What was changed by hand is told once, and put right where the service says so."""

import itertools
import json
from dataclasses import replace

import pytest

from greenramp.config import Reconcile
from greenramp.lifecycle.drift import Drift, Found, Registered, What, compare, remember

WELL = Found("fraud", "7", False, Registered("7", there=True, readable=True), 2, 2, edited=False)
TELL = Reconcile(alias="tell", environment="tell", route="tell")
ACT = Reconcile(alias="restore", environment="restart", route="restore")
DRIFTS = {
    What.ALIAS: {"registry": Registered("8", there=True, readable=True)},
    What.ENVIRONMENT: {"running": 1},
    What.ROUTE: {"edited": True},
    What.VERSION: {"registry": Registered(None, there=False, readable=False)},
    What.ARTIFACTS: {"registry": Registered("7", there=True, readable=False)},
}


def test_what_is_as_it_was_left_has_not_drifted():
    assert compare(WELL, ACT) == ()
    assert compare(replace(WELL, serving=""), ACT) == ()


@pytest.mark.parametrize("what", What)
def test_each_drift_is_found_and_policy_says_what_follows(what):
    found = replace(WELL, **DRIFTS[what])
    (told,), (acted,) = compare(found, TELL), compare(found, ACT)
    assert (told.what, told.acts) == (what, False)
    assert acted.acts == (what in (What.ALIAS, What.ENVIRONMENT, What.ROUTE))
    assert (told.sentence == acted.sentence) == (not acted.acts)


def test_without_a_word_a_person_is_told_and_what_died_is_started():
    drifts = {what: compare(replace(WELL, **change), Reconcile())[0].acts for what, change in DRIFTS.items()}
    assert [what for what, acts in drifts.items() if acts] == [What.ENVIRONMENT]


def test_an_alias_that_is_gone_has_drifted_too():
    (drift,) = compare(replace(WELL, registry=Registered(None, there=True, readable=True)), TELL)
    assert "is gone, but version 7 serves" in drift.sentence


def test_every_world_is_judged_and_only_by_what_is_known():
    registries = (None, *(Registered(c, t, r) for c, t, r in itertools.product((None, "7", "8"), (0, 1), (0, 1))))
    for registry, busy, running, edited in itertools.product(registries, (False, True), (0, 1, 2), (False, True)):
        found = replace(WELL, registry=registry, busy=busy, running=running, edited=edited)
        seen = {drift.what for drift in compare(found, ACT)}
        assert (What.ROUTE in seen) == edited
        assert (What.ENVIRONMENT in seen) == (running < 2)
        assert (What.VERSION in seen) == (registry is not None and not registry.there)
        assert (What.ARTIFACTS in seen) == bool(registry and registry.there and not registry.readable)
        assert (What.ALIAS in seen) == bool(registry and registry.there and registry.champion != "7" and not busy)


def test_what_stands_is_remembered_and_what_is_gone_forgotten():
    alias, route = (compare(replace(WELL, **DRIFTS[what]), TELL)[0] for what in (What.ALIAS, What.ROUTE))
    first = remember((), (alias,), 10.0)
    assert [(one.since, one.told) for one in first] == [(10.0, False)]
    told = (replace(first[0], told=True),)
    assert remember(told, (alias, route), 20.0) == (*told, replace(route, since=20.0))
    assert remember(told, (), 20.0) == ()
    assert remember(remember(told, (), 20.0), (alias,), 30.0)[0].since == 30.0


def test_what_mlflow_said_stands_while_it_is_away():
    alias, dead = (
        replace(compare(replace(WELL, **DRIFTS[what]), TELL)[0], since=10.0, told=True)
        for what in (What.ALIAS, What.ENVIRONMENT)
    )
    assert remember((alias, dead), (), 20.0, unread={"fraud"}) == (alias,)
    assert remember((alias, dead), (), 20.0, unread={"other"}) == ()


def test_what_is_kept_is_what_is_read():
    drift = Drift("fraud", What.ALIAS, "moved", acts=True, since=1.5, told=True)
    assert Drift.from_json(json.loads(json.dumps(drift.to_json()))) == drift
