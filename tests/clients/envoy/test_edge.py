"""The edge trusts nobody: not with request ids, by which labels are joined, nor with Envoy's own headers."""

import uuid

import pytest


@pytest.fixture
def asked(site, green):
    """Ask with these headers; gives the answer and what the environment was told."""

    def ask(**headers):
        return site.ask("/fraud/", "alice", **headers)

    return ask


def test_a_request_id_from_outside_is_replaced(site, asked):
    chosen = str(uuid.uuid4())
    asked(x_request_id=chosen)
    (row,) = site.rows(1)
    assert row["id"] != chosen
    assert uuid.UUID(row["id"])


def test_a_time_limit_from_outside_is_ignored(asked):
    assert asked(x_envoy_upstream_rq_timeout_ms="1", x_envoy_upstream_rq_per_try_timeout_ms="1").status == 200


def test_two_requests_never_share_an_id_whatever_they_ask_for(site, asked):
    chosen = str(uuid.uuid4())
    for _ in range(5):
        asked(x_request_id=chosen)
    assert len({row["id"] for row in site.rows(5)}) == 5
