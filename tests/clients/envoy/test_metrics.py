"""Envoy's counters, for whoever collects them, and nothing else of Envoy's own."""

import http.client
import socket

import pytest

from greenramp.traffic.handling import Edge
from greenramp.traffic.split import Side


@pytest.fixture(scope="module")
def port():
    """Find a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def measured(with_edge, new_server, port):
    """Start an Envoy that answers collectors, before a service with two sides that have each been asked once."""
    site = with_edge(Edge(metrics_port=port))
    for side, version in ((Side.BLUE, "7"), (Side.GREEN, "8")):
        site.add("fraud", side, new_server(side.value), version=version)
        site.serve("fraud", side)
        assert site.ask("/fraud/").name == side.value
    return site


def get(port, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_collector_gets_the_counters_of_both_sides(measured, port):
    status, text = get(port, "/metrics")
    assert status == 200
    for side in ("blue", "green"):
        labels = f'envoy_response_code="200",envoy_cluster_name="fraud",side="{side}",role="live"'
        assert f"envoy_cluster_upstream_rq{{{labels}}} 1\n" in text


def test_times_are_counted_as_finely_as_models_answer(measured, port):
    _, text = get(port, "/metrics")
    times = [line for line in text.splitlines() if line.startswith("envoy_cluster_upstream_rq_time_bucket")]
    assert any('le="7.5"' in line for line in times)


@pytest.mark.parametrize("path", ["/", "/stats", "/metrics/", "/metrics/../stats", "/config_dump", "/ready", "/fraud/"])
def test_that_port_answers_nothing_else(measured, port, path):
    assert get(port, path)[0] == 404


def test_the_port_of_users_does_not_answer_collectors(measured):
    assert measured.ask("/metrics").status == 404
