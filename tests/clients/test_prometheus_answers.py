"""Answers of a real Prometheus, recorded, and what else a server may say; test_prometheus.py compares their shape."""

import copy
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenramp.clients.outside import check_source, open_source
from greenramp.config import PrometheusSource
from greenramp.errors import BadEvidence, ConfigError, GreenrampError, Unreachable
from greenramp.traffic.split import Side

RECORDED = {path.stem: json.loads(path.read_text()) for path in Path(__file__).parent.glob("prometheus_answers/*.json")}
COUNTS = {"bad": "sum by (environment) (refused_total)", "total": "sum by (environment) (paid_total)"}
BUCKETS = {"buckets": "sum by (environment, le) (upstream_seconds_bucket)", "unit": "seconds"}


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.server.asked.append((self.path, form, self.headers.get("authorization")))
        answer = self.server.answers[form["query"][0]]
        body = answer["raw"] if "raw" in answer else json.dumps(answer["body"]).encode()
        self.send_response(answer["status"])
        for name, value in {"content-length": str(len(body)), **answer.get("headers", {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    running.daemon_threads = True
    Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="module")
def says(server):
    """Let the server answer the queries of a source; give the source's configuration."""

    def set_up(queries, **answers):
        server.asked = []
        server.answers = {queries[key]: answer for key, answer in answers.items()}
        url = f"http://127.0.0.1:{server.server_port}/prom/"
        return PrometheusSource.model_validate({"kind": "prometheus", "url": url, **queries})

    return set_up


def opened(config):
    return open_source("payments", config, "digits", Side.GREEN, (8, 7))


def recorded():
    return copy.deepcopy({"bad": RECORDED["bad"], "total": RECORDED["counts"]})


def raised(answer, by):
    for row in answer["body"]["data"]["result"]:
        row["value"][1] = str(int(row["value"][1]) + by)


def test_recorded_counts_are_read(says):
    answers = recorded()
    first = opened(says(COUNTS, **answers)).read_since(None)
    raised(answers["total"], 30)
    raised(answers["bad"], 4)
    (counted,) = opened(says(COUNTS, **answers)).read_since(first.cursor).counts
    assert (counted.candidate, counted.champion, counted.candidate_bad, counted.champion_bad) == (30, 30, 4, 4)


def test_recorded_buckets_are_read(says):
    answer = copy.deepcopy(RECORDED["buckets"])
    first = opened(says(BUCKETS, buckets=answer)).read_since(None)
    raised(answer, 7)
    (batch,) = opened(says(BUCKETS, buckets=answer)).read_since(first.cursor).buckets
    assert (batch.candidate, batch.champion, batch.bounds[:2]) == ((7, 0, 0, 0), (7, 0, 0, 0), (50.0, 100.0))


def test_all_queries_of_a_look_are_of_one_moment_and_carry_the_token(says, server, monkeypatch):
    monkeypatch.setenv("PROM_TOKEN", "secret-1")
    opened(says({**COUNTS, "token_env": "PROM_TOKEN"}, **recorded())).read_since(None)
    (path, bad, token), (_, total, _) = server.asked
    assert (path, token) == ("/prom/api/v1/query", "Bearer secret-1")
    assert bad["time"] == total["time"]


def test_a_token_that_is_not_there_names_its_variable(says, monkeypatch):
    monkeypatch.delenv("PROM_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="payments: token_env: the environment has no PROM_TOKEN"):
        opened(says({**COUNTS, "token_env": "PROM_TOKEN"}, **recorded())).read_since(None)


def test_warnings_of_the_server_are_kept(says):
    answers = recorded()
    answers["total"]["body"]["warnings"] = ["a store did not answer"]
    assert opened(says(COUNTS, **answers)).read_since(None).notes == ("payments: a store did not answer",)


def test_an_empty_answer_counts_nothing_and_the_next_look_begins_anew(says):
    config = says(COUNTS, bad=RECORDED["nothing"], total=RECORDED["nothing"])
    batch = opened(config).read_since(None)
    assert (batch.counts, batch.cursor["sides"]) == ((), {})
    with pytest.raises(BadEvidence, match="nothing of any side"):
        check_source("payments", config, "digits")


TIMED_OUT = {"status": "error", "errorType": "timeout", "error": "query timed out in expression evaluation"}


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        pytest.param(RECORDED["refused"], BadEvidence, "unclosed left parenthesis", id="bad query"),
        pytest.param({"status": 503, "body": TIMED_OUT}, Unreachable, "answered 503: query timed out", id="timeout"),
        pytest.param({"status": 401, "raw": b"Unauthorized\n"}, Unreachable, "answered 401: Unauthorized", id="token"),
        pytest.param(
            {"status": 302, "raw": b"", "headers": {"location": "http://127.0.0.1:1/login"}},
            Unreachable,
            "answered 302: nothing",
            id="a login page",
        ),
        pytest.param({"status": 200, "raw": b"<html>"}, Unreachable, "answered 200: <html>", id="a page"),
        pytest.param(
            {"status": 200, "body": {"status": "success", "data": {"resultType": "matrix", "result": []}}},
            BadEvidence,
            "wanted an instant vector, seen: matrix",
            id="a range",
        ),
    ],
)
def test_the_servers_own_words_are_in_the_error(says, answer, error, said):
    with pytest.raises(error, match=f"payments: http://127.0.0.1:[0-9]+/prom/: total: .*{said}"):
        opened(says(COUNTS, **{**recorded(), "total": answer})).read_since(None)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["NaN", "-1", "1e400", "12", "0x1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
LABELS = st.dictionaries(
    st.sampled_from(["environment", "le", "instance"]),
    st.sampled_from(["blue", "green", "+Inf", "0.1", "1", ""]) | JSON,
)
VALUES = st.sampled_from(["NaN", "+Inf", "-Inf", "-3", "2.5", "0", "7", "1e300", "", None]) | JSON
ROWS = st.fixed_dictionaries({"metric": LABELS | JSON, "value": st.tuples(st.just(1.0), VALUES) | JSON}) | JSON
RESULTS = st.lists(ROWS, max_size=4) | JSON
BODIES = st.fixed_dictionaries(
    {"status": st.just("success"), "data": st.fixed_dictionaries({"resultType": st.just("vector"), "result": RESULTS})}
)


@given(body=BODIES | JSON, at=st.sampled_from(["bad", "total", "buckets"]))
def test_whatever_a_server_answers_there_is_a_named_error_or_nothing_new(says, body, at):
    """Said twice, an answer gives no events, or is refused by name; never another exception."""
    answer = {"status": 200, "body": body}
    queries = BUCKETS if at == "buckets" else COUNTS
    answers = {"buckets": answer} if at == "buckets" else {**recorded(), at: answer}
    source = opened(says(queries, **answers))
    again, said = None, ""
    try:
        again = source.read_since(source.read_since(None).cursor)
    except GreenrampError as error:
        said = str(error)
    assert said.startswith("payments: ") if again is None else not again.counts and not again.buckets
