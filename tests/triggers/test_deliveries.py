"""Only what MLflow signed a moment ago is taken, and only what it may ask for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.webhooks.delivery import _generate_hmac_signature

from greenramp.config import Triggers
from greenramp.triggers.deliveries import (
    AGE_SECONDS,
    ID_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    NotTaken,
    Refusal,
    read_delivery,
    signature,
)
from greenramp.triggers.wishes import Way

SECRET, NOW = "s3cret", 1_800_000_000.0
ALIAS = {"name": "fraud", "alias": "challenger", "version": "7"}


def event(entity="model_version_alias", action="created", data=None, **changes):
    told = {"entity": entity, "action": action, "timestamp": "2027-01-15T08:00:00.250000+00:00", "data": data or ALIAS}
    return json.dumps({**told, **changes}).encode()


def headers(body, sent=NOW, secret=SECRET, delivery="d1"):
    text = f"{sent:.0f}"
    return {ID_HEADER: delivery, TIME_HEADER: text, SIGNATURE_HEADER: signature(secret, delivery, text, body)}


def taken(body, now=NOW):
    return read_delivery(SECRET, headers(body), body, now)


def refusal(given_headers, body, now=NOW):
    with pytest.raises(NotTaken) as refused:
        read_delivery(SECRET, given_headers, body, now)
    assert SECRET not in str(refused.value)
    return refused.value.refusal


@given(st.text(min_size=1), st.text(max_size=40), st.text())
def test_the_signature_is_the_one_that_mlflow_makes(secret, delivery, payload):
    assert signature(secret, delivery, "123", payload.encode()) == _generate_hmac_signature(
        secret, delivery, "123", payload
    )


def test_an_alias_says_who_asks_for_what_and_when():
    found = taken(event())
    assert (found.way, found.model, found.version, found.at) == (Way.ALIAS, "fraud", "7", NOW + 0.25)


@pytest.mark.parametrize(
    ("body", "triggers", "way"),
    [
        pytest.param(event(), Triggers(), Way.ALIAS, id="the alias"),
        pytest.param(event(), Triggers(alias="next"), None, id="another alias"),
        pytest.param(event(), Triggers(alias=None), None, id="no alias asks"),
        pytest.param(event(action="deleted"), Triggers(), None, id="an alias is removed"),
        pytest.param(
            event("model_version_tag", "set", {"name": "fraud", "version": "7", "key": "ask", "value": "yes"}),
            Triggers(tag="ask=yes"),
            Way.TAG,
            id="the tag",
        ),
        pytest.param(
            event("model_version_tag", "set", {"name": "fraud", "version": "7", "key": "ask", "value": "no"}),
            Triggers(tag="ask=yes"),
            None,
            id="another value",
        ),
        pytest.param(event("model_version", "created"), Triggers(), None, id="a version that nobody asked for"),
        pytest.param(event("model_version", "created"), Triggers(created=True), Way.CREATED, id="every version"),
        pytest.param(event("prompt", "created", {"name": "p"}), Triggers(created=True), None, id="a prompt"),
    ],
)
def test_it_asks_for_what_the_service_heeds(body, triggers, way):
    found = taken(body).act(triggers)
    assert (found.way if found else None) == way


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        pytest.param({SIGNATURE_HEADER: signature("other", "d1", "1800000000", event())}, Refusal.FORGED, id="secret"),
        pytest.param({SIGNATURE_HEADER: ""}, Refusal.FORGED, id="no signature"),
        pytest.param({SIGNATURE_HEADER: "v1,ÿ"}, Refusal.FORGED, id="no base64"),
        pytest.param({ID_HEADER: "d2"}, Refusal.FORGED, id="another id"),
        pytest.param({TIME_HEADER: "1800000001"}, Refusal.FORGED, id="another time"),
        pytest.param({ID_HEADER: ""}, Refusal.INCOMPLETE, id="no id"),
        pytest.param({TIME_HEADER: "soon"}, Refusal.INCOMPLETE, id="no time"),
        pytest.param({TIME_HEADER: "²"}, Refusal.INCOMPLETE, id="a digit that is no number"),
        pytest.param({TIME_HEADER: "9" * 400}, Refusal.INCOMPLETE, id="a time without end"),
    ],
)
def test_what_does_not_fit_its_signature_is_refused(changed, refused):
    assert refusal({**headers(event()), **changed}, event()) is refused


def test_a_changed_body_is_refused():
    assert refusal(headers(event()), event().replace(b'"7"', b'"8"')) is Refusal.FORGED
    assert refusal(headers(event()), event()[:-1]) is Refusal.FORGED


@pytest.mark.parametrize("late", [AGE_SECONDS + 1, -AGE_SECONDS - 1])
def test_what_was_sent_long_ago_or_in_the_future_is_refused(late):
    assert refusal(headers(event()), event(), now=NOW + late) is Refusal.STALE
    assert taken(event(), now=NOW + late - (1 if late > 0 else -1))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{half", id="half an object"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"entity": "model_version_alias", "action": "created"}', id="no data"),
        pytest.param(event(data={"name": "fraud", "alias": "challenger"}), id="no version"),
        pytest.param(event(data={**ALIAS, "version": "../7"}), id="a version that is a path"),
        pytest.param(event(data=["fraud"]), id="data that is a list"),
        pytest.param(event(timestamp="yesterday"), id="a time that is none"),
        pytest.param(b"[" * 100_000, id="too deep"),
    ],
)
def test_what_is_signed_but_no_event_is_refused(body):
    assert refusal(headers(body), body) is Refusal.UNREADABLE
