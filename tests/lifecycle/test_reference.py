"""How a person may name a version, and what is refused instead of guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.errors import ConfigError
from greenramp.lifecycle.reference import STAGES, Kind, Reference, parse_reference

RUN = "runs:/0123456789abcdef0123456789abcdef/model"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        pytest.param("7", Kind.NUMBER, "7", id="number"),
        pytest.param(" 7\n", Kind.NUMBER, "7", id="number with space around it"),
        pytest.param("007", Kind.NUMBER, "7", id="number with zeros before it"),
        pytest.param("challenger", Kind.ALIAS, "challenger", id="alias"),
        pytest.param("@challenger", Kind.ALIAS, "challenger", id="alias with its sign"),
        pytest.param("team_a-2026", Kind.ALIAS, "team_a-2026", id="alias with every kind of character"),
        pytest.param("Staging", Kind.STAGE, "Staging", id="stage"),
        pytest.param("staging", Kind.STAGE, "Staging", id="stage in small letters"),
        pytest.param("PRODUCTION", Kind.STAGE, "Production", id="stage in large letters"),
        pytest.param("models:/fraud/7", Kind.NUMBER, "7", id="address with number"),
        pytest.param("models:/fraud@challenger", Kind.ALIAS, "challenger", id="address with alias"),
        pytest.param("models:/fraud/Staging", Kind.STAGE, "Staging", id="address with stage"),
        pytest.param(RUN, Kind.RUN, RUN, id="a run's model"),
        pytest.param(RUN + "/deeper/down", Kind.RUN, RUN + "/deeper/down", id="a run's model in folders"),
    ],
)
def test_a_wish_is_understood(text, kind, value):
    assert parse_reference(text, "fraud") == Reference(kind, value)


@pytest.mark.parametrize("form", ["latest", "Latest", "@latest", "models:/fraud/latest", "models:/fraud@LATEST"])
def test_latest_is_refused_since_it_means_another_version_at_every_look(form):
    with pytest.raises(ConfigError, match="'latest' changes while one looks; name a number, an alias or a stage"):
        parse_reference(form, "fraud")


@pytest.mark.parametrize(
    "text",
    ["models:/other/7", "models:/other@challenger", "models:/fraud-2/7", "models:/fraud", "models:/fraud/", "models:/"],
)
def test_another_models_address_is_refused_and_the_right_form_shown(text):
    with pytest.raises(ConfigError, match=r"wanted models:/fraud/<version or stage> or models:/fraud@<alias>"):
        parse_reference(text, "fraud")


@pytest.mark.parametrize("text", ["runs:/0123/model", "runs:/", RUN.removesuffix("/model"), RUN + " x", RUN.upper()])
def test_a_run_address_that_is_none_is_refused_and_the_right_form_shown(text):
    with pytest.raises(ConfigError, match="wanted"):
        parse_reference(text, "fraud")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="only space"),
        pytest.param("@", id="an alias without a name"),
        pytest.param("a" * 256, id="an alias too long for the registry"),
        pytest.param("9" * 5000, id="a number too long for any registry"),
        pytest.param("99999999999", id="a number that no registry gives"),
        pytest.param("0", id="no version is 0"),
        pytest.param("1.5", id="a fraction"),
        pytest.param("challenger' OR '1'='1", id="a filter's quote"),
        pytest.param("x; rm -rf /", id="a shell's command"),
        pytest.param("../../etc/passwd", id="a path"),
        pytest.param("models:/fraud/../other/7", id="a path in an address"),
        pytest.param("models:/fraud/7/8", id="more than an address"),
        pytest.param("models:/fraud@@challenger", id="two signs"),
        pytest.param("https://example.org/model", id="a web address"),
        pytest.param("chal\nlenger", id="two lines"),
        pytest.param("chal\x00lenger", id="a zero byte"),
        pytest.param("{{ challenger }}", id="a template"),
    ],
)
def test_anything_else_is_refused_and_shown(text):
    with pytest.raises(ConfigError) as refused:
        parse_reference(text, "fraud")
    assert str(refused.value).startswith(f"candidate {text!r}: ")


@given(st.text(), st.sampled_from(["", "@", "models:/fraud/", "models:/fraud@", "models:/", "runs:/"]))
def test_whatever_is_typed_is_understood_or_refused_as_a_config_error(text, before):
    try:
        found = parse_reference(before + text, "fraud")
    except ConfigError:
        return
    assert 0 < len(found.value) <= 255 or found.kind is Kind.RUN
    assert found.value.lower() != "latest"
    assert not set(found.value) & set("'\"`;@ \n\x00") or found.kind is Kind.RUN


@given(st.integers(1, 10**9 - 1))
def test_any_number_of_a_version_is_understood_in_each_form(number):
    wanted = Reference(Kind.NUMBER, str(number))
    assert parse_reference(str(number), "fraud") == wanted
    assert parse_reference(f"models:/fraud/{number}", "fraud") == wanted


@given(st.text(st.characters(exclude_characters="/:", exclude_categories=["Cs", "Cc", "Z"]), min_size=1))
def test_an_address_is_understood_whatever_the_models_name(model):
    assert parse_reference(f"models:/{model}/7", model) == Reference(Kind.NUMBER, "7")
    assert parse_reference(f"models:/{model}@challenger", model) == Reference(Kind.ALIAS, "challenger")


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_is_understood(stage):
    assert parse_reference(stage, "fraud") == Reference(Kind.STAGE, stage)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (Reference(Kind.NUMBER, "7"), "version 7"),
        (Reference(Kind.ALIAS, "challenger"), "alias challenger"),
        (Reference(Kind.STAGE, "Staging"), "Staging"),
        (Reference(Kind.RUN, RUN), RUN),
    ],
)
def test_a_reference_reads_as_people_say_it(reference, words):
    assert str(reference) == words
