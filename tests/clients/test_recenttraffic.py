"""Today's traffic is read from the ends of the logs."""

import json

import pytest

from greenramp.clients import recenttraffic
from greenramp.clients.evidence_sources import append_labels
from greenramp.clients.recenttraffic import read_recent
from greenramp.config import Service
from greenramp.home import Home

NOW = 10_000.0
PLAN = Service.model_validate(
    {
        "model": "fraud",
        "gates": [
            {"name": "errors", "metric": "errors", "margin": 0.2},
            {"name": "right", "metric": "wrong", "margin": 0.2, "label_window_seconds": 300},
        ],
    }
)


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    home.request_log.parent.mkdir()
    return home


def line(ts, status=200, service="fraud"):
    row = {"ts": str(ts), "id": f"r{ts}", "user": None, "cluster": f"{service}.blue-live", "status": status}
    row |= {"attempts": 1, "upstream_us": 900, "environment": "blue", "route": f"{service}.live", "percent": "0"}
    return json.dumps(row) + "\n"


def log(home, *lines, mode="w"):
    with home.request_log.open(mode) as file:
        file.writelines(lines)


def test_requests_of_the_last_seconds_are_counted(home):
    log(home, *[line(NOW - ago, 500 if ago == 10 else 200) for ago in range(100, 0, -1)])
    recent = read_recent(home, "fraud", PLAN, 20, NOW)
    assert (recent.requests, recent.per_second) == (20, 1.0)


def test_where_the_log_begins_later_less_is_looked_at(home):
    log(home, line(NOW - 10), line(NOW - 5))
    recent = read_recent(home, "fraud", PLAN, 60, NOW)
    assert (recent.seconds, recent.per_second) == (10, 0.2)


def test_the_log_of_another_service_tells_how_far_back_it_reaches(home):
    log(home, line(NOW - 500, service="other"), line(NOW - 10))
    assert read_recent(home, "fraud", PLAN, 60, NOW).seconds == 60


@pytest.mark.parametrize("lines", [(), (line(NOW - 100),), (line(NOW - 1, service="other"),), ("nonsense\n",)])
def test_without_a_request_there_is_nothing(home, lines):
    log(home, *lines)
    assert read_recent(home, "fraud", PLAN, 60, NOW) is None


def test_a_home_without_any_log_has_nothing(tmp_path):
    assert read_recent(Home(tmp_path / "none"), "fraud", PLAN, 60, NOW) is None


def test_rates_come_with_labels_that_took_their_time(home):
    log(home, *[line(NOW - ago, 500 if ago == 50 else 200) for ago in (200, 50, 10, 5)])
    home.predictions.mkdir()
    answers = [{"v": 1, "id": f"r{NOW - ago}", "predictions": [1]} for ago in (200, 10, 5)]
    (home.predictions / "fraud.blue.0.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answers))
    append_labels(home, "fraud", [(f"r{NOW - 200}", 1), (f"r{NOW - 10}", 2)])
    recent = read_recent(home, "fraud", PLAN, 60, NOW)
    assert recent.requests == 3
    assert recent.baselines["errors"].rate == 0.25
    assert recent.baselines["right"].rate == 0.5
    assert recent.baselines["right"].per_request == 0.5


def test_only_the_end_of_a_long_log_is_read_through_its_rotations(home, monkeypatch):
    size = len(line(NOW - 10))
    monkeypatch.setattr(recenttraffic, "MOST_BYTES", 25 * size)
    log(home, *[line(NOW - 10) for _ in range(20)])
    home.request_log.rename(home.request_log.with_name("requests.jsonl.1"))
    log(home, *[line(NOW - 10) for _ in range(10)])
    assert 24 <= read_recent(home, "fraud", PLAN, 60, NOW).requests <= 25
