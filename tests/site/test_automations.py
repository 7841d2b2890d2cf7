"""Prefect's automations, on a real server: made once, heard, and left alone by what goes well."""

import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import yaml
from own_servers import ask_rest, bare_site, running

from greenramp.clients.prefectapi import PrefectApi
from greenramp.errors import ConfigError
from greenramp.site.automations import ensure_automations

PROJECT = Path(__file__).parents[2]
ASKED, ZOMBIES = "greenramp: a release is asked for", "greenramp: runs that stopped beating"


class Prefect:
    """A Prefect server with the deployment that the automation names."""

    def __init__(self, address: str) -> None:
        self.api, self.url = PrefectApi(address), f"{address}/api"
        self.flow = self.post("/flows/", {"name": "watch-registry"})["id"]
        self.deployment = self.post("/deployments/", {"name": "asked", "flow_id": self.flow})["id"]

    def post(self, path, body):
        return ask_rest("POST", f"{self.url}{path}", body)

    def automations(self):
        return {a["name"]: a for a in self.post("/automations/filter", {})}

    def running(self):
        """A run that goes on nowhere."""
        run = self.post("/flow_runs/", {"flow_id": self.flow, "state": {"type": "RUNNING"}})["id"]
        self.say(run, "heartbeat")
        return run

    def say(self, run, event):
        self.api.emit(f"prefect.flow-run.{event}", f"prefect.flow-run.{run}", {}, str(uuid.uuid4()))


@pytest.fixture(scope="module")
def prefect(tmp_path_factory):
    with running(bare_site(tmp_path_factory.mktemp("prefect")), "prefect-server") as address:
        yield Prefect(address)


@pytest.fixture
def project(tmp_path):
    """The automations of this project; a run counts as dead after the ten seconds that Prefect allows at least."""
    shutil.copytree(PROJECT / "deployments" / "automations", tmp_path / "deployments" / "automations")
    file = tmp_path / "deployments" / "automations" / "zombies.yaml"
    data = yaml.safe_load(file.read_text())
    data["trigger"]["within"] = 10
    file.write_text(yaml.safe_dump(data))
    return tmp_path


def test_automations_are_made_once_and_follow_their_files(prefect, project):
    ensure_automations(PROJECT, prefect.api)
    assert ensure_automations(PROJECT, prefect.api) == {ASKED: False, ZOMBIES: False}
    assert ensure_automations(project, prefect.api) == {ASKED: False, ZOMBIES: True}
    made = prefect.automations()
    assert sorted(made) == [ASKED, ZOMBIES]
    assert made[ZOMBIES]["trigger"]["within"] == 10


def test_one_command_makes_them_on_any_server(prefect):
    command = [str(Path(sys.executable).parent / "greenramp"), "automations", "--prefect", prefect.url]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True)
    assert {ASKED, ZOMBIES} == {line.rpartition(":")[0] for line in done.stdout.splitlines()}


def test_one_that_a_person_switched_off_stays_off(prefect, project):
    ensure_automations(PROJECT, prefect.api)
    address = f"{prefect.url}/automations/{prefect.automations()[ZOMBIES]['id']}"
    ask_rest("PATCH", address, {"enabled": False})
    ensure_automations(project, prefect.api)
    assert prefect.automations()[ZOMBIES]["enabled"] is False
    ask_rest("PATCH", address, {"enabled": True})


def test_a_file_that_names_no_deployment_of_the_server_says_so(prefect, project):
    file = project / "deployments" / "automations" / "release-asked.yaml"
    file.write_text(file.read_text().replace("watch-registry/asked", "watch-registry/nobody"))
    with pytest.raises(ConfigError, match="no deployment watch-registry/nobody"):
        ensure_automations(project, prefect.api)


def test_a_file_that_is_no_automation_is_named(prefect, project):
    file = project / "deployments" / "automations" / "release-asked.yaml"
    file.write_text("- a list\n")
    with pytest.raises(ConfigError, match=r"release-asked\.yaml: no automation"):
        ensure_automations(project, prefect.api)


def test_what_the_receiver_tells_orders_a_look_and_once(prefect, project, eventually):
    ensure_automations(project, prefect.api)
    wanted = {"deployments": {"id": {"any_": [prefect.deployment]}}}
    event = str(uuid.uuid4())
    time.sleep(3)  # the server reads its automations anew
    for _ in range(2):
        prefect.api.emit("greenramp.release.asked", "greenramp.service.fraud", {"version": "7"}, event)
    eventually(lambda: prefect.post("/flow_runs/filter", wanted), "a look is ordered", 90)
    assert len(prefect.post("/flow_runs/filter", wanted)) == 1


def test_a_run_that_stops_beating_crashes_and_one_that_ended_does_not(prefect, project, eventually):
    ensure_automations(project, prefect.api)
    time.sleep(3)
    dead, promoted = prefect.running(), prefect.running()
    state = {"type": "COMPLETED", "name": "Promoted"}
    prefect.post(f"/flow_runs/{promoted}/set_state", {"state": state})
    prefect.say(promoted, "Promoted")
    eventually(lambda: prefect.api.flow_run(dead).type == "CRASHED", "the dead run is marked", 120)
    assert "no sign of life" in prefect.api.flow_run(dead).message
    assert prefect.api.flow_run(promoted).state == "Promoted"
