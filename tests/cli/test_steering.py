"""Orders from the command line: to a release that takes them, and to what can't."""

import re
import threading
import time

import pytest
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import Steering
from greenramp.errors import ConfigError, Overruled, Refused
from greenramp.home import Home
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import RETIRING, Route
from greenramp.traffic.split import Side

SERVICE = """
model: fraud
gates:
  - {name: errors, metric: errors, margin: 0.2}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A site with the service fraud."""
    home = Home(tmp_path / "home")
    home.xds.mkdir(parents=True)
    names = ("router_port", "mlflow_port", "prefect_port", "outcomes_port", "first_environment_port")
    SiteSettings(home, "local", tmp_path, tmp_path / "configs", **dict.fromkeys(names, 1)).write()
    monkeypatch.setenv("GREENRAMP_HOME", str(home.root))
    (tmp_path / "configs" / "services").mkdir(parents=True)
    (tmp_path / "configs" / "services" / "fraud.yaml").write_text(SERVICE)
    return home


def at(home, **route):
    """Let the service's traffic stand so; a release r1 holds it unless said otherwise."""
    record = {"live": Side.BLUE, "owner": "r1", "until": time.time() + 100, "generation": 5, **route}
    write_json(home.xds / "rds.json", route_file([Route("fraud", **record)], 1))


@pytest.fixture
def release(home):
    """A release at 20 % that looks at its orders."""
    at(home, percent=20.0, step="canary 20 %")
    ended, steering = threading.Event(), Steering(home, "r1", [].append)

    def look():
        while not ended.wait(0.02):
            try:
                steering.look()
            except Overruled:
                return

    thread = threading.Thread(target=look)
    thread.start()
    yield
    ended.set()
    thread.join()


def run(word, *words):
    return CliRunner().invoke(app, [word, "fraud", *words])


def orders(home):
    return [line for line in Journal(home, "r1").read() if line["event"] == "order"]


@pytest.mark.parametrize("word", ["pause", "advance", "abort"])
def test_an_order_is_taken_and_stands_in_the_journal_with_its_name_and_note(word, release, home):
    done = run(word, "--name", "ann", "--note", "Friday")
    assert done.exit_code == 0, done.output
    assert "by ann: Friday (it was at: canary 20 %)" in done.output
    (line,) = orders(home)
    assert (line["order"], line["who"], line["note"], line["taken"]) == (word, "ann", "Friday", True)


def test_a_paused_release_goes_on_by_the_name_of_who_is_logged_in(release, home, monkeypatch):
    monkeypatch.setenv("LOGNAME", "bob")
    assert run("pause").exit_code == 0
    assert run("continue").exit_code == 0
    assert [line["who"] for line in orders(home)] == ["bob", "bob"]


@pytest.mark.parametrize(("word", "done"), [("approve", "approved"), ("reject", "rejected")])
def test_an_answer_is_for_the_place_that_waits(word, done, release, home):
    Journal(home, "r1").add("approval asked", place="25 %")
    assert f"r1 is {done} by ann at 25 %" in run(word, "--name", "ann").output
    assert orders(home)[0]["place"] == "25 %"
    late = run("approve", "--name", "bob")
    assert isinstance(late.exception, Refused)
    assert f"too late: it is {done} by ann at 25 %" in str(late.exception)


def test_an_answer_that_nobody_waits_for_is_refused_with_what_became_of_the_question(release, home):
    assert "waits for no approval; it is at: canary 20 %" in str(run("approve").exception)
    Journal(home, "r1").add("approval asked", place="25 %")
    Journal(home, "r1").add("approval ended", place="25 %", outcome="approved by ann")
    assert "the last question, 25 %, was approved by ann at" in str(run("reject").exception)
    assert orders(home) == []


def test_a_release_that_waits_for_approval_is_not_advanced_past_it(release, home):
    Journal(home, "r1").add("approval asked", place="25 %")
    assert "waits for approval of 25 %; say yes with: greenramp approve fraud" in str(run("advance").exception)


@pytest.mark.parametrize(
    ("route", "message"),
    [
        ({"owner": ""}, "no release of fraud is under way"),
        ({"until": 0.0, "step": "canary 20 %"}, "r1 died at: canary 20 %.*finish it with: greenramp rollback fraud"),
        ({"step": RETIRING}, "it can't be steered any more"),
    ],
    ids=["none", "dead", "through"],
)
@pytest.mark.parametrize("word", ["pause", "continue", "advance", "abort", "approve", "reject"])
def test_an_order_that_nobody_can_take_is_refused(word, route, message, home):
    at(home, **route)
    done = run(word)
    assert isinstance(done.exception, Refused)
    assert re.search(message, str(done.exception))
    assert not home.orders("r1").exists()


def test_only_a_step_with_users_is_advanced(home):
    at(home, step="claimed")
    assert "is at: claimed; only a step with users" in str(run("advance").exception)


def test_a_release_that_does_not_look_yet_is_said_to_be_busy(home, monkeypatch):
    at(home, step="claimed")
    monkeypatch.setattr("greenramp.clients.ordering._ANSWER_SECONDS", 0.1)
    done = run("pause", "--name", "ann")
    assert done.exit_code == 0
    assert "written down; r1 is at: claimed" in done.output
    assert home.orders("r1").exists()


def test_a_service_that_is_not_there_and_an_empty_name_are_refused(home):
    at(home, step="canary 20 %", percent=20.0)
    assert isinstance(CliRunner().invoke(app, ["pause", "nobody"]).exception, ConfigError)
    assert "say it with --name" in str(run("pause", "--name", " ").exception)
