"""What the champion gives each gate, from its own requests."""

import pytest

from greenramp.config import Gate
from greenramp.judging.baselines import Baselines
from greenramp.measures.requestcolumns import requests_of, user_number
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side


def gate(metric, **more):
    return Gate.model_validate({"name": metric.replace("_", "-"), "metric": metric, **more})


GATES = [
    gate("errors", margin=0.2),
    gate("slow", slower_than_ms=100.0, margin=0.2),
    gate("wrong", margin=0.2),
    gate("latency"),
    gate("error_size", margin=0.1),
    gate("drift"),
]


def request(number, user="", failed=False, ms=10.0):
    return SeenRequest(number, str(number), user, "fraud", Side.BLUE, False, failed, not failed, ms, 0, 1)


def test_each_gate_finds_its_measurements():
    found = Baselines(GATES)
    found.add_requests(requests_of([request(n, failed=n < 2, ms=None if n < 2 else 50.0 * n) for n in range(10)]))
    found.add_predictions([(str(n), [n]) for n in range(10)])
    found.add_labels([("2", 2), ("3", 5), ("4", None), ("9", [9])])
    base = found.found()
    assert base["errors"].rate == 0.2
    assert base["slow"].rate == pytest.approx(7 / 8)
    assert list(base["latency"].values) == [50.0 * n for n in range(2, 10)]
    assert base["wrong"].rate == pytest.approx(1 / 3)
    assert base["wrong"].per_request == pytest.approx(0.3)
    assert list(base["error-size"].values) == [0, 2, 0]
    assert base["errors"].rate_low < 0.2 < base["errors"].rate_high


def test_a_user_counts_until_the_first_bad_event_and_once_where_numbers_are_compared():
    found = Baselines(GATES)
    found.add_requests(requests_of([request(n, user="ann", failed=n >= 3) for n in range(10)]))
    base = found.found()
    assert base["errors"].rate == 0.25
    assert base["errors"].per_request == 0.4
    assert len(base["latency"].values) == 1
    assert found.users == {user_number("ann")}


def test_with_unit_user_each_counts_once_when_their_window_is_over():
    window = {"unit": "user", "user_window_seconds": 2}
    found = Baselines([gate("errors", margin=0.2, **window), gate("latency", **window)])
    users = ["ann", "bob", "ann", "ann", "bob", "", "cid"]
    rows = [request(n, user, failed=n == 2, ms=10.0 * n) for n, user in enumerate(users)]
    found.add_requests(requests_of(rows))
    base = found.found()
    assert base["errors"].rate == pytest.approx(1 / 3)  # ann; bob and who has no key had none; cid's is still open
    assert base["errors"].per_request == pytest.approx(3 / 7)
    assert sorted(base["latency"].values) == [10.0, 10.0, 50.0]


def test_a_gate_without_a_measurement_has_no_baseline():
    found = Baselines(GATES)
    found.add_requests(requests_of([request(1, ms=None)]))
    assert set(found.found()) == {"errors", "drift"}
