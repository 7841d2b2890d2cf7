"""Evidence that was counted by one process is counted on by the next."""

import json

import pytest

from greenramp.clients.evidence_sources import append_labels, marks
from greenramp.clients.releaseevidence import ReleaseEvidence
from greenramp.config import Service
from greenramp.home import Home
from greenramp.judging.rules import judge_all
from greenramp.traffic.split import Side

PLAN = Service.model_validate(
    {
        "model": "fraud",
        "gates": [
            {"name": "errors", "metric": "errors", "margin": 0.2},
            {"name": "times", "metric": "latency", "margin": 0.1},
            {"name": "right", "metric": "wrong", "margin": 0.2, "label_window_seconds": 20},
            {"name": "drift", "metric": "drift"},
        ],
    }
)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    for folder in (home.request_log.parent, home.predictions):
        folder.mkdir()
    return home


def line(n):
    side = "green" if n * 7919 % 100 < 25 else "blue"
    row = {"attempts": 1, "cluster": f"fraud.{side}-fallback", "environment": side, "generation": "5", "id": f"a{n}"}
    row |= {"percent": "25", "route": "fraud.split", "status": 500 if n % 17 == 0 else 200}
    row |= {"ts": f"{1795438069 + n // 50}.{n:06}", "upstream_us": 3000 + n % 97, "user": f"{n % 400:016x}", "v": "1"}
    return json.dumps(row) + "\n"


def happen(home, start, end):
    with home.request_log.open("a") as log, (home.predictions / "fraud.green.0.jsonl").open("a") as answers:
        log.writelines(line(n) for n in range(start, end))
        rows = ({"v": 1, "id": f"a{n}", "predictions": [n % 5]} for n in range(start, end))
        answers.writelines(json.dumps(row) + "\n" for row in rows)
    append_labels(home, "fraud", [(f"a{n}", n % 5 + (n % 11 == 0)) for n in range(start, end) if n % 3])


def evidence(home, plan=PLAN, since=None, generation=5, release="r1"):
    return ReleaseEvidence(home, "fraud", plan, release, Side.GREEN, since or {}, generation)


def said(found):
    return [(v.gate, v.sentence, dict(v.numbers)) for v in judge_all(PLAN, found.counting)]


def test_what_was_kept_is_gone_on_from_bit_for_bit(home):
    since = marks(home, "fraud")
    uninterrupted, first = evidence(home, since=since, release="r0"), evidence(home, since=since)
    happen(home, 0, 1111)
    for found in (uninterrupted, first):
        found.read()
        said(found)
    assert first.save(surely=True)
    happen(home, 1111, 2500)
    second = evidence(home, since=json.loads(json.dumps(since)))
    assert second.resumed
    for found in (uninterrupted, second):
        found.read()
    assert said(second) == said(uninterrupted)
    assert json.dumps(second.counting.state()) == json.dumps(uninterrupted.counting.state())
    assert second.counting.requests == 2500


def test_it_is_gone_on_from_in_the_next_step(home):
    first = evidence(home)
    happen(home, 0, 500)
    first.read()
    first.save(surely=True)
    later = evidence(home, generation=9)
    assert (later.resumed, later.counting.this_step["errors"]) == (True, 0)
    assert later.counting.evidence == first.counting.evidence


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[: len(text) // 2], id="half of it"),
        pytest.param(lambda _: "[]", id="something else"),
        pytest.param(lambda text: text.replace('{"v":1,', '{"v":0,', 1), id="another version"),
        pytest.param(lambda text: text.replace('"sources":{', '"sources":{"x":1},"y":{', 1), id="without its cursors"),
        pytest.param(lambda text: text.replace('"waiting":[[', '"waiting":[[],[', 1), id="damaged inside"),
    ],
)
def test_what_was_kept_and_is_spoilt_is_not_believed_and_all_is_read_anew(home, spoil):
    first = evidence(home)
    happen(home, 0, 300)
    first.read()
    first.save(surely=True)
    path = home.kept_evidence("r1")
    path.write_text(spoil(path.read_text()))
    second = evidence(home)
    assert not second.resumed
    second.read()
    assert said(second) == said(first)


def test_what_was_kept_for_other_gates_is_not_gone_on_from(home):
    first = evidence(home)
    first.save(surely=True)
    other = PLAN.model_copy(update={"gates": PLAN.gates[:2]})
    assert not evidence(home, plan=other).resumed
    assert not evidence(home, since={str(home.request_log): [1, 2, 3]}).resumed
    assert evidence(home).resumed


def test_it_is_not_kept_at_every_look(home):
    found = evidence(home)
    assert not found.save()
    assert not home.kept_evidence("r1").exists()


def test_broken_lines_and_gaps_are_counted_on(home):
    found = evidence(home)
    home.request_log.write_text("{half\n")
    found.read()
    found.save(surely=True)
    assert evidence(home).sources.broken == found.sources.broken == 1
