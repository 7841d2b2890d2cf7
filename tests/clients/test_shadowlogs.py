"""What both sides of a shadow test answered is told apart from everything else in the prediction logs."""

import json

import pytest

from greenramp.clients.evidence_sources import append_labels, marks
from greenramp.clients.shadowlogs import News, ShadowLogs, features_of
from greenramp.home import Home
from greenramp.shadow.answers import Answer
from greenramp.shadow.pairing import Pairing
from greenramp.traffic.split import Side


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.predictions.mkdir(parents=True)
    return home


def log(home, side, *rows):
    base = {"ts": 5.0, "status": 200, "ms": 2.5, "environment": side, "predictions": [1]}
    with (home.predictions / f"digits.{side}.0.jsonl").open("a") as file:
        file.writelines(json.dumps({**base, **row}) + "\n" for row in rows)


def ids(answers):
    return [answer.id for answer in answers]


def test_the_live_side_answers_users_and_the_candidate_copies(home):
    log(home, "blue", {"id": "a"}, {"id": "copied-to-the-champion", "copy": True})
    log(home, "green", {"id": "a", "copy": True}, {"id": "probe-of-the-smoke-test"})
    news = ShadowLogs(home, "digits", Side.BLUE, {}).news()
    assert (ids(news.live), ids(news.candidate)) == (["a"], ["a"])


def test_a_replayed_request_belongs_to_both_sides(home):
    for side in ("blue", "green"):
        log(home, side, {"id": "replay.digits-2-x.0", "copy": True})
    news = ShadowLogs(home, "digits", Side.BLUE, {}).news()
    assert ids(news.live) == ids(news.candidate) == ["replay.digits-2-x.0"]


def test_what_was_there_before_the_marks_is_passed_over_and_each_line_comes_once(home):
    log(home, "blue", {"id": "before"})
    logs = ShadowLogs(home, "digits", Side.BLUE, marks(home, "digits"))
    log(home, "blue", {"id": "a"})
    assert ids(logs.news().live) == ["a"]
    log(home, "blue", {"id": "b"})
    log(home, "green", {"id": "b", "copy": True})  # its first process starts to log later than the marks
    news = logs.news()
    assert (ids(news.live), ids(news.candidate)) == (["b"], ["b"])
    assert ids(logs.news().live) == []


def test_users_requests_outside_the_time_of_copying_have_no_copy_and_are_passed_over(home):
    logs = ShadowLogs(home, "digits", Side.BLUE, {}, begun=10.0)
    log(home, "blue", *({"id": name, "ts": ts} for name, ts in (("before", 9.9), ("in", 10.1), ("after", 12.1))))
    log(home, "green", {"id": "in", "ts": 10.2, "copy": True}, {"id": "late", "ts": 12.2, "copy": True})
    news = logs.news(until=12.0)
    assert (ids(news.live), ids(news.candidate)) == (["in"], ["in", "late"])


def test_an_answer_is_as_it_was_logged(home):
    log(home, "blue", {"id": "a", "bytes": 20})
    log(home, "green", {"id": "a", "copy": True, "status": 500, "predictions": None, "error": "no such column"})
    news = ShadowLogs(home, "digits", Side.BLUE, {}).news()
    assert news.live[0] == ("a", 5.0, 200, 2.5, [1], 20, None)
    assert (news.candidate[0].status, news.candidate[0].predictions, news.candidate[0].error) == (
        500, None, "no such column",
    )  # fmt: skip


def test_lines_that_are_no_answers_are_passed_over(home):
    log(home, "blue", {"id": "a"})
    with (home.predictions / "digits.blue.0.jsonl").open("a") as file:
        file.write('{"v": 1, "dropped": 3}\nno json\n{"id": "half')
    assert ids(ShadowLogs(home, "digits", Side.BLUE, {}).news().live) == ["a"]


def test_labels_come_one_for_each_row(home):
    append_labels(home, "digits", [("a", 1), ("b", [1, 0]), ("c", None)])
    assert ShadowLogs(home, "digits", Side.BLUE, {}).news().labels == {"a": [1], "b": [1, 0]}


def test_the_first_rows_columns_and_the_headers_of_a_request_are_its_features(home):
    inputs = {"columns": ["country", "age"], "rows": [["BR", 30], ["DE", 20]]}
    log(home, "green", {"id": "a", "copy": True, "inputs": inputs, "headers": {"x-device": "phone"}})
    log(home, "blue", {"id": "a", "inputs": inputs})
    news = ShadowLogs(home, "digits", Side.BLUE, {}).news()
    assert news.features == {"a": {"country": "BR", "age": 30, "x-device": "phone"}}


@pytest.mark.parametrize("row", [{}, {"inputs": None}, {"inputs": {"columns": None, "rows": [[1]]}}, {"inputs": {}}])
def test_a_request_whose_inputs_have_no_columns_has_no_features(row):
    assert features_of(row) == {}


def test_a_copy_made_while_copying_begins_or_ends_is_passed_over_with_its_request(home):
    logs = ShadowLogs(home, "digits", Side.BLUE, {}, begun=10.0)
    log(home, "blue", {"id": "begins", "ts": 9.999}, {"id": "in", "ts": 10.1}, {"id": "ends", "ts": 12.001})
    copies = (("begins", 10.001), ("in", 10.2), ("ends", 12.002))
    log(home, "green", *({"id": name, "ts": ts, "copy": True} for name, ts in copies))
    news = logs.news(until=12.0)
    assert (ids(news.live), ids(news.candidate)) == (["in"], ["in"])


def test_lines_that_a_process_could_not_write_are_counted(home):
    logs = ShadowLogs(home, "digits", Side.BLUE, {})
    (home.predictions / "digits.green.0.jsonl").write_text('{"v":1,"dropped":7}\n')
    logs.news()
    log(home, "green", {"id": "a", "copy": True})
    assert ids(logs.news().candidate) == ["a"]
    assert logs.lost == 7


def test_what_comes_all_at_once_is_taken_in_part_by_part_and_meets_its_partner():
    live = [Answer(f"r{n}", n / 10, 200, 2.0, [1]) for n in range(95)]
    candidate = [answer._replace(ts=answer.ts + 0.15) for answer in live]
    features = {answer.id: {"x": 1} for answer in candidate}
    labels = {f"r{n}": [n] for n in range(99)}
    news, pairing, seen = News(live[::-1], candidate[::-1], features, labels), Pairing(5.0, 12), News()
    for part in news.parts(10):
        assert len(part.live) <= 10
        assert set(part.features) == set(ids(part.candidate))
        pairing.take(part.live, part.candidate)
        seen.features |= part.features
        seen.labels |= part.labels
    assert (pairing.counts.pairs, pairing.counts.alone) == (95, [0, 0])
    assert (seen.features, seen.labels) == (features, labels)
    assert [news] == list(news.parts(95))
    assert list(News().parts()) == [News()]
