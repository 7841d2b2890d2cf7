"""Messages arrive at a real receiver, and its address shows nowhere."""

import logging
import re

import pytest

from greenramp.clients.targets import Target, block_targets, environment_targets
from greenramp.errors import ConfigError, Unreachable

SECRETS = ("s3cr3t-user", "hunter22", "T0KEN-abc", "qu3ry-k3y")


@pytest.fixture
def server(receiver):
    """Make a receiver whose address holds every kind of secret."""
    user, password, token, key = SECRETS
    receiver.url = f"json://{user}:{password}@{receiver.address}/{token}?+x-key={key}&cto=1&rto=1"
    return receiver


@pytest.fixture
def everything_logged(caplog):
    """Log all that any library says, as a debugging user might."""
    caplog.set_level(logging.DEBUG)
    for name in ("apprise", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def test_a_message_arrives_with_title_and_body(server):
    Target(server.url).send("fraud: promoted", "all gates passed\nstep: 25 %")
    ((message, headers),) = server.got
    assert (message["title"], message["message"]) == ("fraud: promoted", "all gates passed\nstep: 25 %")
    assert headers["x-key"] == "qu3ry-k3y"


def test_a_receiver_that_refuses_is_said_to(server):
    server.status = 403
    target = Target(server.url)
    with pytest.raises(Unreachable, match=rf"json target {target.id}: .*403"):
        target.send("title", "body")


BROKEN = {
    "refuses": lambda url: url,
    "is away": lambda url: re.sub(r":\d+/", ":1/", url),
    "has no such name": lambda url: url.replace("127.0.0.1", "nobody.invalid"),
    "kind is unknown": lambda url: url.replace("json", "jsn"),
    "is no address": lambda _: "hunter22 T0KEN-abc s3cr3t-user qu3ry-k3y",
    "lacks its token": lambda _: "slack://T0KEN-abc/hunter22",
    "has a port that is none": lambda url: re.sub(r":\d+/", ":99999999/", url),
}


@pytest.mark.parametrize("how", list(BROKEN))
def test_no_part_of_an_address_shows_whatever_fails(server, how, everything_logged):
    server.status = 403
    target = Target(BROKEN[how](server.url))
    with pytest.raises(Unreachable) as error:
        target.send("title", "body")
    shown = f"{error.value!s} {error.value!r} {error.value.__cause__} {target} {target!r} {target.id}"
    for secret in SECRETS:
        assert secret not in shown
        assert secret not in everything_logged.text
    assert len(str(error.value)) > len(str(target)) + 10, "says something of the reason"


def test_no_part_of_an_address_shows_when_all_is_well(server, everything_logged):
    Target(server.url).send("title", "body")
    assert not any(secret in everything_logged.text for secret in SECRETS)


def test_other_threads_may_log_while_one_sends(server, everything_logged):
    Target(server.url).send("title", "body")
    logging.getLogger("urllib3.connectionpool").warning("somebody else's trouble")
    assert "somebody else's trouble" in everything_logged.text


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(" json://a/b ", ["json://a/b"], id="one"),
        pytest.param(
            "json://a,slack://b/c/d xml://e\nmailto://f", ["json://a", "slack://b/c/d", "xml://e", "mailto://f"]
        ),
        pytest.param(
            "mailto://u:p@h?to=a@x,b@y,json://c", ["mailto://u:p@h?to=a@x,b@y", "json://c"], id="comma within"
        ),
        pytest.param("json://a, json://a", ["json://a"], id="twice"),
    ],
)
def test_the_environment_names_targets(monkeypatch, text, urls):
    monkeypatch.setenv("GREENRAMP_NOTIFY", text)
    assert [target.url for target in environment_targets()] == urls


def test_ids_tell_targets_apart_and_stay(server):
    assert Target("json://a").id == Target("json://a").id != Target("json://b").id
    assert re.fullmatch("[0-9a-f]{12}", Target("json://a").id)


def test_a_block_names_targets_and_one_that_is_missing_is_said(server):
    path = "/api/block_types/slug/secret/block_documents/name/{}?include_secrets=true"
    server.answers[path.format("notify")] = {"data": {"value": "json://a json://b"}}
    server.answers[path.format("several")] = {"data": {"value": ["json://a", "json://b"]}}
    prefect = f"http://{server.address}"
    assert (
        block_targets(prefect, "notify")
        == block_targets(prefect, "several")
        == (Target("json://a"), Target("json://b"))
    )
    assert block_targets(prefect, None) == ()
    with pytest.raises(ConfigError, match="has no Secret block other"):
        block_targets(prefect, "other")
