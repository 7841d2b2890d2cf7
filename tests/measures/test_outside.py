"""Sums from sources outside: they count for the gates of their source alone, and silence or nonsense is no health."""

import json
import math

import pytest

from greenramp.config import Gate
from greenramp.measures.sources import Batch, Bucketed, Counted
from greenramp.measures.traffic_log import SeenRequest
from greenramp.traffic.split import Side

REFUSALS = Gate(name="refusals", metric="counts", source="payments", margin=0.2, unit="request")
TIMES = Gate(name="times", metric="buckets", source="upstream", unit="request")
ACCURACY = Gate(name="accuracy", metric="wrong", margin=0.2)
BOUNDS = (50.0, 100.0, math.inf)


def counts(*sums, ts=1.0):
    return Batch(None, counts=[Counted(ts, *some) for some in sums])


def buckets(candidate, champion, bounds=BOUNDS, ts=1.0):
    return Batch(None, buckets=[Bucketed(ts, bounds, candidate, champion)])


def asked(*moments):
    return [
        SeenRequest(ts, "", f"u{ts}", "fraud", Side.GREEN, True, False, True, 3.0, 25.0, generation=5) for ts in moments
    ]


def test_counts_go_to_the_gates_of_their_source_alone(counting):
    other = REFUSALS.model_copy(update={"name": "refunds", "source": "orders"})
    sums = counting(REFUSALS, other)
    sums.add(counts((10, 90, 1, 4), (20, 70, 0, 3)), "payments")
    evidence = sums.evidence["refusals"]
    assert (evidence.candidate, evidence.champion, evidence.candidate_bad, evidence.champion_bad) == (30, 160, 1, 7)
    assert sums.evidence["refunds"].candidate == 0
    assert sums.this_step == {"refusals": 30, "refunds": 0}


def test_buckets_are_counted_and_bounds_that_cannot_be_are_invalid(counting):
    sums = counting(TIMES)
    sums.add(buckets((8, 1, 1), (80, 10, 10)), "upstream")
    assert (sums.series["times"].candidate, sums.series["times"].champion, sums.this_step["times"]) == (10, 100, 10)
    assert sums.health("times").invalid == ""
    sums.add(buckets((8, 1, 1), (80, 10, 10), bounds=(7.0, 9.0, math.inf)), "upstream")
    assert "can't be measured, the first is bounds 7, 9" in sums.health("times").invalid
    assert sums.this_step["times"] == 10


def test_requests_say_nothing_to_a_gate_on_a_source(counting):
    sums = counting(REFUSALS)
    sums.add_requests(asked(1, 2, 3))
    assert (sums.evidence["refusals"].candidate, sums.this_step["refusals"]) == (0, 0)


def test_a_source_that_is_away_for_forty_seconds_and_comes_back_is_fine(counting):
    sums = counting(REFUSALS)
    for ts in range(100):
        sums.add_requests(asked(ts))
        if not 30 <= ts < 70:
            sums.add(counts((2, 8, 0, 0), ts=ts), "payments")
        assert sums.health("refusals").unavailable == ""


def test_a_source_that_stays_away_is_unavailable(counting):
    sums = counting(REFUSALS)
    sums.add(counts((2, 8, 0, 0), ts=9.5), "payments")
    sums.add_requests(asked(*range(10, 75)))
    assert sums.health("refusals").unavailable == (
        "no event of the candidate in the source payments for 64 s of requests to the candidate, 60 s are allowed"
    )


def test_the_champions_events_alone_are_silence(counting):
    sums = counting(REFUSALS)
    for ts in range(75):
        sums.add_requests(asked(ts))
        sums.add(counts((0, 8, 0, 0), ts=ts), "payments")
    assert sums.health("refusals").unavailable


def test_nonsense_of_a_source_makes_its_gates_invalid_until_it_gives_evidence_again(counting):
    sums = counting(REFUSALS, TIMES, ACCURACY)
    sums.refusals.note("payments", "payments: green: bad (9) is more than total (5)")
    assert sums.health("refusals").invalid == "payments: green: bad (9) is more than total (5)"
    assert sums.health("times").invalid == sums.health("accuracy").invalid == ""
    sums.add(Batch(None), "upstream")
    assert sums.health("refusals").invalid
    sums.add(Batch(None), "payments")
    assert sums.health("refusals").invalid == ""


def test_nonsense_of_a_source_of_labels_is_told_by_the_gates_that_need_labels(counting):
    sums = counting(REFUSALS, ACCURACY)
    sums.refusals.note("warehouse", "warehouse: labels: seq is 3 after 4")
    assert sums.health("accuracy").invalid == "warehouse: labels: seq is 3 after 4"
    assert sums.health("refusals").invalid == ""


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_sums_are_gone_on_from(kept, counting):
    batches = [(counts((n + 3, 90 + n, n % 2, 4), ts=n), buckets((n, 1, 1), (80, 10, n), ts=n)) for n in range(6)]

    def count(sums, some):
        for one, other in some:
            sums.add(one, "payments")
            sums.add(other, "upstream")
        return sums

    through = count(counting(REFUSALS, TIMES), batches)
    state = json.loads(json.dumps(count(counting(REFUSALS, TIMES), batches[:kept]).state()))
    resumed = count(counting(REFUSALS, TIMES).restore(state), batches[kept:])
    assert resumed.state() == through.state()
