"""up, down, status: a site comes up whole or not at all, twice is harmless, two do not meet."""

from __future__ import annotations

import json
import socket
import time

import pytest
import requests

pytestmark = pytest.mark.e2e


def up(site, *more: str):
    return site.run("up", "--configs", str(site.configs), "--port-base", str(site.ports), *more)


def test_up_twice_starts_nothing_twice(site):
    running = site.programs()
    assert set(running) > {"mlflow", "prefect-server", "prefect-worker", "guard"}
    done = up(site)
    assert done.code == 0, done.text
    assert site.programs().items() >= running.items()


def test_status_answers_as_json_without_mlflow_or_prefect_being_asked(site):
    status = json.loads(site.run("status", "--json").text)
    assert status["up"]
    assert set(status["programs"].values()) == {"RUNNING"}


def test_a_busy_port_is_named_and_nothing_is_left_running(new_site):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", new_site.ports + 1))
        busy.listen()
        done = up(new_site)
    assert done.code == 2
    assert f"port {new_site.ports + 1}, meant for mlflow, is in use" in done.text
    assert new_site.processes() == []


def test_a_part_that_does_not_start_is_named_with_its_own_words_and_nothing_is_left_running(new_site):
    (new_site.home.root / "mlflow").mkdir(parents=True)
    (new_site.home.root / "mlflow" / "mlflow.db").write_text("this is no database, it only has its name\n" * 50)
    done = up(new_site)
    assert done.code == 1
    assert "mlflow does not" in done.text
    assert "database" in done.text
    assert new_site.processes() == []


def test_a_second_site_lives_beside_the_first_and_down_leaves_nothing_behind(site, new_site):
    first = {p.pid for p in site.processes()}
    assert up(new_site).code == 0
    assert new_site.run("status").code == 0
    assert "no service yet" in new_site.run("status").text
    assert requests.get(f"{new_site.router_url}/reader/ping", timeout=5).status_code == 404
    done = new_site.run("down")
    assert done.text == "stopped\n"
    assert new_site.processes() == []
    assert first <= {p.pid for p in site.processes()}
    assert new_site.run("down").text == "nothing was running\n"
    assert new_site.run("status").code == 1


def test_other_ports_while_it_runs_are_refused(site):
    done = site.run("up", "--configs", str(site.configs), "--port-base", str(site.ports + 7))
    assert done.code == 2
    assert "runs with other settings" in done.text


def test_after_down_and_up_the_same_version_serves(new_site):
    assert up(new_site).code == 0
    service = new_site.add_service("lasting")
    assert new_site.run("release", service, new_site.register(service, "good")).code == 0
    assert new_site.run("down").code == 0
    assert up(new_site).code == 0
    payload = {"dataframe_split": {"columns": ["x"], "data": [[4.0]]}}
    deadline = time.monotonic() + 240
    while True:  # the model process loads while Envoy is up already
        answer = requests.post(f"{new_site.router_url}/{service}/invocations", json=payload, timeout=10)
        if answer.ok or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert answer.json() == {"predictions": [1]}
    assert answer.headers["x-model-version"] == "1"


def test_a_scheduled_run_fires(site):
    """Prefect's scheduler breaks with some versions of its dependencies, and says so only in its log."""
    api = f"http://127.0.0.1:{site.ports + 2}/api"
    deployment = requests.get(f"{api}/deployments/name/rollback/greenramp", timeout=10).json()
    schedule = {"schedule": {"interval": 20, "timezone": "UTC"}, "active": True, "parameters": {"service": "nosuch"}}
    made = requests.post(f"{api}/deployments/{deployment['id']}/schedules", json=[schedule], timeout=10).json()
    wanted = {"deployments": {"id": {"any_": [deployment["id"]]}}, "flow_runs": {"tags": {"all_": ["auto-scheduled"]}}}
    try:
        deadline = time.monotonic() + 240
        while True:
            runs = requests.post(f"{api}/flow_runs/filter", json=wanted, timeout=10).json()
            ended = [r for r in runs if r["state_type"] in ("COMPLETED", "FAILED", "CRASHED")]
            if ended or time.monotonic() > deadline:
                break
            time.sleep(0.5)
    finally:
        requests.delete(f"{api}/deployments/{deployment['id']}/schedules/{made[0]['id']}", timeout=10)
    assert [r["state_name"] for r in ended[:1]] == ["Refused"]
