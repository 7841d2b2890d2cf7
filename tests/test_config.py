"""What may stand in a configuration file: what is not meant is refused, what is left out has a default."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from greenramp.config import Gate, GateRole, Metric, Service, Site
from greenramp.judging.rules import rule_of

GATE = {"name": "errors", "metric": "errors", "margin": 0.2}
SERVICE = {"model": "fraud", "gates": [GATE]}


def refused(model, data):
    """Give what is wrong with `data`: the first place, and the message there."""
    with pytest.raises(ValidationError) as error:
        model.model_validate(data)
    first = error.value.errors()[0]
    kind = 2 if first["loc"][:1] == ("gates",) else None  # pydantic's word for the kind of gate, no key of the file
    return ".".join(str(part) for at, part in enumerate(first["loc"]) if at != kind), first["msg"].removeprefix(
        "Value error, "
    )


def test_a_service_needs_no_more_than_a_model_and_a_gate():
    service = Service.model_validate(SERVICE)
    assert service.ladder == (5.0, 25.0, 50.0, 100.0)
    assert (service.step.min_seconds, service.step.deadline_seconds) == (600, 3600)
    assert (service.lease_seconds, service.traffic.timeout_seconds) == (15, 60)
    assert (service.environment.env_manager, service.environment.replicas) == ("local", 1)
    assert (service.max_false_rollback, service.max_false_promotion) == (0.05, 0.05)
    assert not service.promotion.stages
    assert not service.allow_missing_signature
    assert (service.preflight.signature, service.preflight.requirements) == ("widening", "warn")
    assert (service.preflight.max_size_mb, service.preflight.allow_pickle) == (None, True)


def test_a_gate_guards_unless_it_is_told_more():
    gate = Gate.model_validate(GATE)
    assert (gate.metric, gate.role, gate.min_requests) == (Metric.ERRORS, GateRole.GUARD, 50)


@pytest.mark.parametrize("missing", ["model", "gates"])
def test_what_has_no_default_is_needed(missing):
    assert refused(Service, {k: v for k, v in SERVICE.items() if k != missing}) == (missing, "Field required")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        pytest.param({"modle": "fraud"}, "modle", id="a key that is misspelt"),
        pytest.param({"preflight": {"signature": "any"}}, "preflight.signature", id="a class of change nobody knows"),
        pytest.param({"preflight": {"requirements": "warning"}}, "preflight.requirements", id="a wrong word"),
        pytest.param({"preflight": {"max_size_mb": 0}}, "preflight.max_size_mb", id="no size at all"),
        pytest.param({"step": {"min_second": 5}}, "step.min_second", id="a key that is misspelt further in"),
        pytest.param({"gates": [{**GATE, "margn": 0.1}]}, "gates.0.margn", id="a key that is misspelt in a list"),
        pytest.param({"lease_seconds": "15"}, "lease_seconds", id="a number in quotes"),
        pytest.param({"gates": [{**GATE, "margin": "0.2"}]}, "gates.0.margin", id="a number in quotes in a list"),
        pytest.param({"ladder": ["5", 100]}, "ladder.0", id="a number in quotes in the ladder"),
        pytest.param({"ladder": "5, 100"}, "ladder", id="a ladder that is a text"),
        pytest.param({"environment": {"replicas": "2"}}, "environment.replicas", id="a whole number in quotes"),
        pytest.param({"environment": {"replicas": 1.5}}, "environment.replicas", id="half a process"),
        pytest.param({"environment": {"replicas": True}}, "environment.replicas", id="yes where a number belongs"),
        pytest.param({"ladder": [True, 100]}, "ladder.0", id="yes in the ladder"),
        pytest.param({"promotion": {"stages": "yes"}}, "promotion.stages", id="a text where yes or no belongs"),
        pytest.param({"promotion": {"stages": 1}}, "promotion.stages", id="a number where yes or no belongs"),
        pytest.param({"model": 7}, "model", id="a number where a name belongs"),
        pytest.param({"model": ""}, "model", id="an empty name"),
        pytest.param({"environment": None}, "environment", id="a key with nothing behind it"),
        pytest.param({"environment": {"env_manager": "conda"}}, "environment.env_manager", id="an unknown word"),
        pytest.param({"gates": [{**GATE, "metric": "speed"}]}, "gates.0.metric", id="an unknown metric"),
        pytest.param({"gates": [{**GATE, "role": "block"}]}, "gates.0.role", id="an unknown role"),
        pytest.param({"gates": [{**GATE, "name": "Error rate"}]}, "gates.0.name", id="a gate's name with a space"),
        pytest.param({"gates": []}, "gates", id="no gate at all"),
        pytest.param({"lease_seconds": 1.9}, "lease_seconds", id="too short a lease"),
        pytest.param({"lease_seconds": 301}, "lease_seconds", id="too long a lease"),
        pytest.param({"traffic": {"timeout_seconds": 0}}, "traffic.timeout_seconds", id="no time at all"),
        pytest.param(
            {"step": {"deadline_seconds": math.inf}}, "step.deadline_seconds", id="a deadline that never comes"
        ),
        pytest.param(
            {"step": {"deadline_seconds": math.nan}}, "step.deadline_seconds", id="a deadline that is no number"
        ),
        pytest.param({"environment": {"start_seconds": math.inf}}, "environment.start_seconds", id="an endless start"),
        pytest.param({"gates": [{**GATE, "max_rate": math.nan}]}, "gates.0.max_rate", id="a limit that is no number"),
        pytest.param({"max_false_rollback": 0.0}, "max_false_rollback", id="no error allowed"),
        pytest.param({"max_false_promotion": 0.5}, "max_false_promotion", id="a coin toss"),
    ],
)
def test_what_is_not_meant_is_refused_at_its_place(change, place):
    assert refused(Service, {**SERVICE, **change})[0] == place


@pytest.mark.parametrize("name", ["step", "bake"])
def test_a_step_ends_after_it_has_started(name):
    found = refused(Service, {**SERVICE, name: {"min_seconds": 60, "deadline_seconds": 59.5}})
    assert found == (name, "deadline_seconds (59.5) is below min_seconds (60)")


# the ladder


@pytest.mark.parametrize(
    "ladder",
    [[100], [1, 100], [0.1, 0.3, 0.7, 100], [0.1, 0.2, 0.6, 1.1, 33.3, 99.9, 100], [5.0, 25, 50, 100.0]],
    ids=str,
)
def test_a_ladder_that_rises_to_100_is_taken(ladder):
    assert Service.model_validate({**SERVICE, "ladder": ladder}).ladder == tuple(ladder)


@given(st.sets(st.integers(1, 999)))
def test_every_tenth_of_a_percent_may_be_a_step(tenths):
    ladder = [t / 10 for t in sorted(tenths)] + [100]
    assert Service.model_validate({**SERVICE, "ladder": ladder}).ladder == tuple(ladder)


@pytest.mark.parametrize(
    ("ladder", "place", "words"),
    [
        pytest.param([5, 25, 50], "", "must rise and end at 100, not ['5', '25', '50']", id="does not end at 100"),
        pytest.param([5, 50, 25, 100], "", "must rise and end at 100", id="falls"),
        pytest.param([5, 5, 100], "", "must rise and end at 100", id="stands still"),
        pytest.param([100, 100], "", "must rise and end at 100", id="is done twice"),
        pytest.param([], "ladder", "at least 1 item", id="is empty"),
        pytest.param([0, 100], "ladder.0", "greater than 0", id="starts at nothing"),
        pytest.param([-5, 100], "ladder.0", "greater than 0", id="is negative"),
        pytest.param([5, 101], "ladder.1", "less than or equal to 100", id="passes 100"),
        pytest.param([0.05, 100], "ladder.0", "multiple of 0.1", id="is finer than the router"),
        pytest.param([5, math.nan, 100], "ladder.1", "", id="holds no number"),
    ],
)
def test_any_other_ladder_is_refused(ladder, place, words):
    where, message = refused(Service, {**SERVICE, "ladder": ladder})
    assert where == place
    assert words in message


# gates


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(
            {"margin": None}, "give margin (against the champion), max_rate (absolute), or both", id="no rule"
        ),
        pytest.param({"metric": "slow"}, "the metric slow needs it", id="slow without a limit"),
        pytest.param({"slower_than_ms": 100}, "slower_than_ms belongs to the metric slow", id="a limit without slow"),
        pytest.param(
            {"margin": None, "max_rate": 0.1, "floor": 0.01}, "without margin there is none", id="floor alone"
        ),
        pytest.param(
            {"max_rate": 0.01, "floor": 0.05}, "floor (0.05) must be below max_rate (0.01)", id="floor above limit"
        ),
        pytest.param({"max_rate": 0.05, "floor": 0.05}, "must be below max_rate", id="floor at the limit"),
        pytest.param({"hint": 0.1}, "hint (0.1) must be at least margin", id="a hint below the margin"),
        pytest.param(
            {"metric": "latency", "hint": 0.5}, "hint (0.5) belongs to errors, slow, wrong and counts", id="a hint"
        ),
        pytest.param({"metric": "conversions", "margin": 1.5}, "margin below 1, not 1.5", id="more than all clicks"),
        pytest.param({"metric": "conversions", "max_rate": 0.1}, "conversions are wanted", id="a limit of clicks"),
        pytest.param({"metric": "error_size", "margin": None}, "error_size needs margin", id="sizes without margin"),
        pytest.param({"metric": "drift"}, "margin (0.2) says nothing about drift; give tolerance", id="drift"),
        pytest.param({"tolerance": 0.1}, "tolerance (0.1) belongs to the metric drift", id="tolerance elsewhere"),
        pytest.param({"label_window_seconds": 9}, "errors needs no labels", id="a window for no labels"),
        pytest.param({"metric": "latency", "role": "require", "margin": None}, "needs margin", id="proof of no number"),
        pytest.param({"metric": "conversions", "unit": "user"}, "nobody tells of users", id="clicks by user"),
        pytest.param({"metric": "drift", "margin": None, "unit": "user"}, "without a mean", id="answers by user"),
        pytest.param({"metric": "counts", "unit": "user", "source": "a"}, "must be request", id="counters by user"),
        pytest.param({"metric": "buckets", "unit": "user", "source": "a"}, "must be request", id="buckets by user"),
        pytest.param({"user_window_seconds": 9}, "belongs to unit user; it is user_first", id="a window of no unit"),
    ],
)
def test_a_gate_that_cannot_judge_is_refused(change, words):
    place, message = refused(Service, {**SERVICE, "gates": [{**GATE, **change}]})
    assert place == "gates.0"
    assert words in message


def test_gates_that_share_a_name_are_refused():
    gates = [GATE, {**GATE, "name": "wrong"}, {**GATE, "name": "wrong"}, {**GATE, "max_rate": 0.1}]
    _, message = refused(Service, {**SERVICE, "gates": gates})
    assert message.endswith("each name once; given more than once: errors, wrong")


@st.composite
def gates_as_given(draw):
    number = st.one_of(st.none(), st.floats(0.001, 0.999))
    return {
        "name": "gate",
        "metric": draw(st.sampled_from(list(Metric))),
        "role": draw(st.sampled_from(list(GateRole))),
        "margin": draw(st.one_of(st.none(), st.floats(0.001, 10))),
        "floor": draw(number),
        "max_rate": draw(number),
        "slower_than_ms": draw(st.one_of(st.none(), st.floats(0.1, 1e6))),
        "min_requests": draw(st.integers(1, 10**9)),
        "tolerance": draw(number),
        "hint": draw(number),
        "unit": draw(st.sampled_from(["request", "user_first", "user"])),
        "user_window_seconds": draw(st.one_of(st.none(), st.floats(0.1, 1e6))),
        "weight": draw(st.floats(0.001, 1000)),
        "reserve": draw(st.floats(0, 0.9)),
    }


@given(gates_as_given())
def test_a_gate_that_is_taken_can_judge(data):
    try:
        gate = Gate.model_validate(data)
    except ValidationError:
        return
    assert rule_of(gate).name == "gate"


# the site


def test_a_site_needs_nothing():
    site = Site.model_validate({})
    assert site.kind == "local"
    assert site.ports.model_dump() == {
        "router": 18080,
        "mlflow": 18081,
        "prefect": 18082,
        "outcomes": 18083,
        "webhooks": 18084,
        "first_environment": 18100,
    }


@pytest.mark.parametrize(
    ("ports", "place"),
    [
        pytest.param({"router": 80}, "ports.router", id="a port of the system"),
        pytest.param({"router": 65536}, "ports.router", id="no port"),
        pytest.param({"router": "18080"}, "ports.router", id="a port in quotes"),
        pytest.param({"mlflow": 18080}, "ports", id="one port twice"),
        pytest.param({"grafana": 3000}, "ports.grafana", id="a port for something unknown"),
    ],
)
def test_a_site_refuses_ports_that_cannot_be(ports, place):
    assert refused(Site, {"ports": ports})[0] == place


# gates that ask a suite

CONTRACT = {"name": "contract", "metric": "expectations", "suite": "answers"}


def test_gates_that_ask_a_suite_stand_among_the_others_and_are_told_apart():
    service = Service.model_validate(
        {**SERVICE, "gates": [CONTRACT, GATE], "smoke": {"expectations": "quick"}, "shadow": {"expectations": "quick"}}
    )
    assert [gate.name for gate in service.gates] == ["contract", GATE["name"]]
    assert [gate.name for gate in service.measured] == [GATE["name"]]
    assert [gate.name for gate in service.suite_gates] == ["contract"]
    assert service.suite_names == ("quick", "answers")


@pytest.mark.parametrize(
    ("gates", "place", "message"),
    [
        pytest.param([GATE, {**CONTRACT, "margin": 0.2}], "gates.1.margin", "Extra inputs", id="a margin"),
        pytest.param([GATE, {"name": "c", "metric": "expectations"}], "gates.1.suite", "Field required", id="no suite"),
        pytest.param([CONTRACT], "", "one gate must watch until then", id="nobody watches"),
        pytest.param([GATE, {**CONTRACT, "name": GATE["name"]}], "", "more than once", id="the same name"),
    ],
)
def test_a_gate_that_asks_a_suite_and_cannot_is_refused(gates, place, message):
    where, said = refused(Service, {**SERVICE, "gates": gates})
    assert where == place
    assert message in said


# the schema


@pytest.mark.parametrize("model", [Service, Site])
def test_the_schema_describes_every_key_and_refuses_others(model):
    schema = model.model_json_schema()
    assert set(schema["properties"]) == set(model.model_fields)
    objects = [schema, *(d for d in schema["$defs"].values() if d["type"] == "object")]
    assert all(described["additionalProperties"] is False for described in objects)


def test_values_do_not_change_once_they_are_read():
    with pytest.raises(ValidationError, match="frozen"):
        Service.model_validate(SERVICE).model = "other"


def test_a_plan_comes_back_from_json_as_it_was():
    service = Service.model_validate({**SERVICE, "ladder": [0.1, 100]})
    again = Service.model_validate_json(service.model_dump_json())
    assert again == service
    assert not re.search("NaN|Infinity", service.model_dump_json())


def test_a_step_that_ends_before_anything_settles_is_refused():
    found = refused(Service, {**SERVICE, "step": {"min_seconds": 60, "settle_seconds": 60}})
    assert "settle_seconds (60) must be below min_seconds (60)" in str(found)
