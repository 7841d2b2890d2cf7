"""Evidence from a real Prometheus, which scrapes real exporters: no process of ours is in between."""

import json
import math
from pathlib import Path

import pytest
import requests
from prometheus_server import Exporter, PrometheusServer, find_prometheus, show

from greenramp.clients.outside import check_source, open_source
from greenramp.clients.prometheus import Prometheus
from greenramp.config import PrometheusSource
from greenramp.errors import BadEvidence, Unreachable
from greenramp.measures.cumulative import Sides
from greenramp.traffic.split import Side

RECORDED = Path(__file__).parent / "prometheus_answers"
BAD, TOTAL = "sum by (environment) (refused_total)", "sum by (environment) (paid_total)"
BUCKETS = "sum by (environment, le) (upstream_seconds_bucket)"


@pytest.fixture(scope="module")
def exporters():
    return {name: Exporter() for name in ("blue", "green", "second_green")}


@pytest.fixture(scope="module")
def server(tmp_path_factory, exporters):
    program, reason = find_prometheus()
    if program is None:
        pytest.skip(reason)
    blue, green, second_green = exporters.values()
    folder = tmp_path_factory.mktemp("prometheus")
    running = PrometheusServer(program, folder, {"blue": [blue], "green": [green, second_green]})
    yield running
    running.stop()


@pytest.fixture
def say(server, exporters):
    """Let the processes of the environments say something, and all others nothing."""
    return lambda **texts: show({exporter: texts.get(name, "") for name, exporter in exporters.items()})


def paid(total, refused):
    return f"paid_total {total}\nrefused_total {refused}\n"


def config(server, **more):
    queries = more or {"bad": BAD, "total": TOTAL}
    return PrometheusSource.model_validate({"kind": "prometheus", "url": server.url, **queries})


def source(server, **more):
    return open_source("payments", config(server, **more), "digits", Side.GREEN, (8, 7))


def counted(batch):
    return [(c.candidate, c.champion, c.candidate_bad, c.champion_bad) for c in batch.counts]


def histogram(*upto):
    bounds = ("0.05", "0.1", "0.5", "+Inf")
    return "".join(f'upstream_seconds_bucket{{le="{b}"}} {n}\n' for b, n in zip(bounds, upto, strict=True))


def test_what_came_between_two_looks_is_counted_for_each_side(server, say):
    say(blue=paid(1000, 10), green=paid(50, 2))
    first = source(server).read_since(None)
    say(blue=paid(1190, 12), green=paid(60, 5))
    cursor = json.loads(json.dumps(first.cursor))
    batch = source(server).read_since(cursor)
    assert counted(first) == []
    assert counted(batch) == [(10, 190, 3, 2)]
    assert counted(source(server).read_since(batch.cursor)) == []
    assert batch.gaps == 0


def test_a_side_that_comes_later_counts_from_its_first_look_on(server, say):
    say(blue=paid(1000, 10))
    first = source(server).read_since(None)
    say(blue=paid(1100, 10), green=paid(50, 2))
    second = source(server).read_since(first.cursor)
    say(blue=paid(1100, 10), green=paid(55, 3))
    assert counted(second) == [(0, 100, 0, 0)]
    assert counted(source(server).read_since(second.cursor)) == [(5, 0, 1, 0)]


def test_a_counter_that_began_anew_is_a_gap_and_counting_goes_on(server, say):
    say(blue=paid(1000, 10), green=paid(50, 2))
    first = source(server).read_since(None)
    say(blue=paid(1100, 10), green=paid(4, 1))
    second = source(server).read_since(first.cursor)
    say(blue=paid(1100, 10), green=paid(9, 1))
    assert counted(second) == []
    assert second.gaps == 1
    assert "candidate began anew" in second.notes[0]
    assert counted(source(server).read_since(second.cursor)) == [(5, 0, 0, 0)]


def test_without_a_sum_the_restart_of_one_of_two_replicas_is_seen(server, say):
    raw = {"bad": "refused_total", "total": "paid_total"}
    say(blue=paid(1000, 10), green=paid(100, 0), second_green=paid(100, 0))
    apart, together = source(server, **raw).read_since(None), source(server).read_since(None)
    say(blue=paid(1000, 10), green=paid(250, 0), second_green=paid(3, 0))  # the sum still rises
    apart, together = source(server, **raw).read_since(apart.cursor), source(server).read_since(together.cursor)
    assert (apart.gaps, counted(apart)) == (1, [])
    assert (together.gaps, counted(together)) == (0, [(53, 0, 0, 0)])


def test_a_counter_born_with_its_first_event_counts_it(server, say):
    queries = {"bad": "refused_total or 0 * paid_total", "total": "paid_total"}
    say(blue=paid(1000, 10), green="paid_total 50\n")
    first = source(server, **queries).read_since(None)
    say(blue=paid(1000, 10), green='paid_total 60\nrefused_total{reason="card"} 7\n')
    assert counted(source(server, **queries).read_since(first.cursor)) == [(10, 0, 7, 0)]


def test_bad_events_that_were_never_counted_are_not_taken_for_none(server, say):
    say(blue=paid(1000, 10), green="paid_total 50\n")
    with pytest.raises(BadEvidence, match=r"no bad for environment='green'; .*`or 0 \* \(<total>\)`"):
        source(server).read_since(None)


def test_a_histogram_gives_times_per_bucket_in_milliseconds(server, say):
    times = {"buckets": BUCKETS, "unit": "seconds"}
    say(blue=histogram(100, 150, 190, 200), green=histogram(1, 2, 3, 4))
    first = source(server, **times).read_since(None)
    say(blue=histogram(110, 165, 210, 222), green=histogram(2, 5, 7, 9))
    (batch,) = source(server, **times).read_since(first.cursor).buckets
    assert batch.bounds == (50.0, 100.0, 500.0, math.inf)
    assert (batch.candidate, batch.champion) == ((1, 2, 1, 1), (10, 5, 5, 2))


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        pytest.param({"bad": "paid_total{{}}", "total": TOTAL}, "parse error", id="the server refuses it"),
        pytest.param(
            {"bad": BAD, "total": 'label_replace(paid_total, "environment", "", "", "")'}, "label", id="label"
        ),
        pytest.param(
            {"bad": BAD, "total": 'label_replace(paid_total, "environment", "red", "", "")'}, "'red'", id="value"
        ),
        pytest.param({"bad": TOTAL, "total": BAD}, "more than total", id="bad and total exchanged"),
        pytest.param({"bad": "0.5 * paid_total", "total": "paid_total"}, "whole number", id="half an event"),
        pytest.param({"bad": "0 * broken", "total": "paid_total"}, "whole number", id="not a number"),
        pytest.param({"buckets": "paid_total", "unit": "seconds"}, "le=None", id="no histogram"),
        pytest.param(
            {"buckets": 'upstream_seconds_bucket{le!="+Inf"}', "unit": "seconds"}, "le='\\+Inf'", id="no last bound"
        ),
    ],
)
def test_an_answer_that_can_not_be_is_refused_by_name(server, say, queries, said):
    say(blue=paid(101, 1) + "broken NaN\n" + histogram(1, 2, 3, 4))
    if "paid_total{{}}" in queries.values():  # the file's own check would see it first
        tried = config(server).model_copy(update=queries)
        with pytest.raises(BadEvidence, match=r"payments: .*parse error"):
            check_source("payments", tried, "digits")
        return
    with pytest.raises(BadEvidence, match=f"payments: .*{said}"):
        check_source("payments", config(server, **queries), "digits")


def test_before_a_release_the_live_side_has_to_be_there(server, say):
    say(blue=paid(1000, 10))
    assert check_source("payments", config(server), "digits", "blue") == "counts of blue"
    with pytest.raises(BadEvidence, match="nothing of the live side, green; there is blue"):
        check_source("payments", config(server), "digits", "green")
    say()
    with pytest.raises(BadEvidence, match="nothing of any side"):
        check_source("payments", config(server), "digits")


def test_versions_tell_the_sides_apart_and_other_versions_do_not_matter(server, say):
    def versions(*totals):
        rows = zip((6, 7, 8), totals, strict=True)
        return "".join(f'v_paid_total{{version="{v}"}} {n}\nv_bad_total{{version="{v}"}} 1\n' for v, n in rows)

    queries = {"bad": "v_bad_total", "total": "v_paid_total", "sides": "version", "side_values": "version"}
    say(blue=versions(5, 10, 20))
    first = source(server, **queries).read_since(None)
    say(blue=versions(6, 12, 25))
    assert counted(source(server, **queries).read_since(first.cursor)) == [(5, 2, 0, 0)]


def test_a_server_that_is_gone_is_unreachable(server):
    gone = config(server).model_copy(update={"url": "http://127.0.0.1:1"})
    with pytest.raises(Unreachable, match=r"payments: http://127\.0\.0\.1:1 does not answer"):
        Prometheus("payments", gone, Sides("green", "blue")).read_since(None)


def shape(value):
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items() if key != "metric"}
    return [shape(value[0])] if isinstance(value, list) and value and isinstance(value[0], dict) else type(value)


@pytest.mark.parametrize(
    ("name", "query"), [("counts", TOTAL), ("buckets", BUCKETS), ("nothing", "absent_metric"), ("refused", "sum by (")]
)
def test_recorded_answers_look_like_this_servers(server, say, name, query):
    say(**dict.fromkeys(("blue", "green"), "paid_total 120\n" + histogram(1, 2, 3, 4)))
    answer = requests.post(f"{server.url}/api/v1/query", data={"query": query}, timeout=10)
    recorded = json.loads((RECORDED / f"{name}.json").read_text())
    assert (answer.status_code, shape(answer.json())) == (recorded["status"], shape(recorded["body"]))
