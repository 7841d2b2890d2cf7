"""What never comes."""

from dataclasses import replace

from greenramp.config import Gate
from greenramp.gates.evidence import Evidence
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

ERRORS = Gate.model_validate({"name": "errors", "metric": "errors", "margin": 0.2})
SLOW = Gate.model_validate({"name": "latency", "metric": "slow", "slower_than_ms": 100, "margin": 0.2})
TIMES = Gate.model_validate({"name": "times", "metric": "latency"})
SIZES = Gate.model_validate({"name": "sizes", "metric": "error_size", "margin": 0.1})
DRIFT = Gate.model_validate({"name": "drift", "metric": "drift"})
WRONG = Gate.model_validate({"name": "accuracy", "metric": "wrong", "margin": 0.2})
GOOD = SeenRequest(1795412000.0, "", "", "fraud", Side.GREEN, True, False, True, 10.0, 25.0, 5)


def every_second(seconds, start=0, **changes):
    return [replace(GOOD, id=f"a{n}", ts=float(n), **changes) for n in range(start, start + seconds)]


def test_a_source_that_gives_nothing_longer_than_its_grace_is_unavailable(counting):
    sums = counting(DRIFT)
    sums.add_requests(every_second(61))
    assert sums.health("drift").unavailable == ""
    sums.add_requests(every_second(2, start=61))
    words = "no answer in the prediction logs for 62 s of requests to the candidate, 60 s are allowed"
    assert sums.health("drift").unavailable == words
    sums.add_predictions([("a62", [1.0])])
    assert sums.health("drift").unavailable == ""


def test_a_source_that_stops_is_unavailable_whatever_it_gave_before(counting):
    sums = counting(TIMES)
    sums.add_requests(every_second(100))
    assert sums.health("times").unavailable == ""
    sums.add_requests(every_second(100, start=100, ms=None))
    assert sums.health("times").unavailable.startswith("no time in the router's log for 99 s")


def test_without_traffic_no_time_passes(counting):
    sums = counting(DRIFT)
    sums.add_requests([GOOD, replace(GOOD, id="a2", ts=GOOD.ts + 30)])
    assert sums.health("drift").unavailable == ""
    sums.add_requests([replace(GOOD, side=Side.BLUE, ts=GOOD.ts + 9000)])
    assert sums.health("drift").unavailable == ""


def test_labels_have_their_window_and_then_their_grace(counting):
    gate = Gate.model_validate({**WRONG.model_dump(), "label_window_seconds": 100, "grace_seconds": 10})
    sums = counting(gate)
    sums.add_requests(every_second(111))
    assert sums.health("accuracy").unavailable == ""
    sums.add_requests(every_second(1, start=111))
    assert sums.health("accuracy").unavailable.startswith("no label that belongs to an answer for 111 s")


def test_labels_that_are_missing_beyond_the_window_are_told(counting):
    gate = Gate.model_validate({**WRONG.model_dump(), "label_window_seconds": 100})
    sums = counting(gate)
    sums.add_requests(every_second(151))
    sums.add_predictions((f"a{n}", [1]) for n in range(151))
    sums.add_labels((f"a{n}", 1) for n in range(0, 151, 2))
    assert sums.health("accuracy").note == "25 of 50 labels did not come within 100 s"
    assert dict(sums.health("accuracy").numbers) == {"labels_due": 50, "labels_missing": 25}
    sums.add_labels([("a1", 1)])  # late is better than never
    assert dict(sums.health("accuracy").numbers) == {"labels_due": 50, "labels_missing": 24}


def test_labels_of_requests_nobody_knows_change_nothing(counting):
    sums = counting(WRONG, SIZES)
    sums.add_labels((f"unknown-{n}", 1) for n in range(100))
    sums.add_predictions((f"unheard-{n}", [1]) for n in range(100))
    assert (sums.evidence["accuracy"], sums.series["sizes"].candidate) == (Evidence(), 0)
