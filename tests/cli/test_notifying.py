"""notify, as it is typed."""

import json
import time

import pytest
from typer.testing import CliRunner

from greenramp.cli.main import app
from greenramp.clients.outbox import Outbox
from greenramp.errors import ConfigError
from greenramp.home import Home
from greenramp.news import Kind, News
from greenramp.site.settings import SiteSettings

SECRET = "T0KEN-abc"  # noqa: S105  (of no use to anybody)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make a site's home, with nobody to tell."""
    ports = dict.fromkeys(("router_port", "mlflow_port", "prefect_port", "outcomes_port", "first_environment_port"), 1)
    home = Home(tmp_path / "home")
    SiteSettings(home=home, name="local", project=tmp_path, configs=tmp_path, **ports).write()
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "local.yaml").write_text("{}")
    monkeypatch.setenv("GREENRAMP_HOME", str(home.root))
    monkeypatch.delenv("GREENRAMP_NOTIFY", raising=False)
    return home


def notify(*words):
    return CliRunner().invoke(app, ["notify", *words])


def test_a_test_says_which_target_took_it_and_never_its_address(home, receiver, monkeypatch):
    fine, broken = f"json://{receiver.address}/{SECRET}", f"json://127.0.0.1:1/{SECRET}"
    monkeypatch.setenv("GREENRAMP_NOTIFY", fine)
    done = notify("--test")
    assert done.exit_code == 0
    assert done.output.startswith("json target ")
    assert done.output.endswith(": taken\n")
    assert receiver.titles == ["Greenramp: test"]
    monkeypatch.setenv("GREENRAMP_NOTIFY", f"{fine}, {broken}")
    done = notify("--test")
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 2
    assert "Connection error" in done.output
    assert not any(secret in done.output for secret in (SECRET, receiver.address, "127.0.0.1"))


def test_what_was_left_is_sent_before_its_time_and_what_is_left_then_is_named(home, receiver, monkeypatch):
    target = f"json://{receiver.address}/{SECRET}"
    monkeypatch.setenv("GREENRAMP_NOTIFY", target)
    outbox = Outbox(home)
    outbox.put(News(Kind.PROMOTED, "fraud", "fraud-8-aaaa", "all is well", seconds=time.time()), None)
    receiver.status = 503
    done = notify("--pending")
    assert done.exit_code == 1
    assert "0 of 1 told" in done.output
    assert "fraud-8-aaaa.promoted" in done.output
    assert "503" in done.output
    assert SECRET not in done.output
    receiver.status = 200
    done = notify("--pending")
    assert (done.exit_code, done.output) == (0, "1 of 1 told to all of their targets\n")
    assert receiver.titles == ["fraud: promoted"]
    assert notify("--pending").output == "0 of 0 told to all of their targets\n"


def test_a_target_that_this_shell_does_not_name_is_not_forgotten(home, receiver, monkeypatch):
    monkeypatch.setenv("GREENRAMP_NOTIFY", f"json://{receiver.address}/other")
    Outbox(home).put(News(Kind.PROMOTED, "fraud", "fraud-8-aaaa", "all is well", seconds=time.time()), ["0123456789ab"])
    done = notify("--pending")
    assert done.exit_code == 1
    assert "for a target that is not named here" in done.output
    assert receiver.got == []


def test_without_anybody_to_tell_it_says_how_to_name_them(home):
    error = notify("--test").exception
    assert isinstance(error, ConfigError)
    assert "set GREENRAMP_NOTIFY to Apprise addresses" in str(error)


@pytest.mark.parametrize("words", [[], ["--test", "--pending"]], ids=["neither", "both"])
def test_one_thing_is_asked_at_a_time(home, words):
    assert "give one of --test and --pending" in str(notify(*words).exception)


def test_targets_come_from_the_block_that_the_site_names(home, receiver, monkeypatch, tmp_path):
    path = "/api/block_types/slug/secret/block_documents/name/greenramp-notify?include_secrets=true"
    receiver.answers[path] = {"data": {"value": f"json://{receiver.address}/{SECRET}"}}
    data = json.loads(home.site_file.read_text())
    home.site_file.write_text(json.dumps({**data, "prefect_port": receiver.server_port}))
    (tmp_path / "sites" / "local.yaml").write_text("notifications: {block: greenramp-notify}")
    assert notify("--test").exit_code == 0
    assert receiver.titles == ["Greenramp: test"]
