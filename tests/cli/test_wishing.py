"""What was asked for and what became of it, from the files on disk."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.clients.wishbook import Book, change_book
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.triggers.wishes import Wish, WishState

ASKED = Wish("fraud-8", "8", 1000.0, 1000.0, ("alias", "stage"))


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GREENRAMP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs" / "services").mkdir(parents=True)
    (tmp_path / "configs" / "services" / "quiet.yaml").touch()
    return Home(tmp_path / "home")


def book(home, service, *wishes):
    change_book(home, service, lambda _: Book(wishes))


def run(*words):
    return CliRunner().invoke(app, ["wishes", *words])


@pytest.mark.parametrize(
    ("wish", "became"),
    [
        (ASKED, "waiting"),
        (ASKED.begin("12345678-run"), "under way"),
        (ASKED.close(WishState.SUPERSEDED, "version 9 was asked for later", 1.0), "superseded"),
        (ASKED.begin("12345678-run").close(WishState.DONE, "Promoted: it is champion", 1.0), "tried"),
        (ASKED.close(WishState.DONE, "it serves", 1.0), "none needed"),
        (ASKED.close(WishState.IGNORED, "it serves already", 1.0), "none needed"),
    ],
)
def test_each_wish_is_told_with_its_ways_what_became_of_it_and_why(home, wish, became):
    book(home, "fraud", wish)
    text = run().output
    for word in ("fraud", "alias, stage", became, wish.run[:8], wish.why):
        assert word in text
    (told,) = json.loads(run("fraud", "--json").output)
    assert (told["service"], told["version"], told["became"], told["run"]) == ("fraud", "8", became, wish.run)


def test_the_newest_come_first_and_only_those_of_the_service_asked_about(home):
    book(home, "fraud", ASKED, replace(ASKED, id="fraud-9", version="9", at=2000.0))
    book(home, "churn", replace(ASKED, id="churn-3", version="3"))
    assert [told["version"] for told in json.loads(run("--json").output)] == ["3", "9", "8"]
    assert [told["version"] for told in json.loads(run("fraud", "--json", "--limit", "1").output)] == ["9"]


def test_where_nobody_has_asked_it_says_so_and_a_wrong_name_is_refused(home):
    assert "no alias, stage or tag has asked for a release of quiet yet" in run("quiet").output
    assert json.loads(run("--json").output) == []
    assert isinstance(run("nosuch").exception, ConfigError)
