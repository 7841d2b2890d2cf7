"""A release whose run is stopped in its bake goes on, where its service wants that, and what drifts is told."""

from __future__ import annotations

import signal

import pytest
from mlflow import MlflowClient
from site_driver import until

from greenramp.clients.driftfile import read_drift
from greenramp.clients.supervisor import Supervisor

pytestmark = pytest.mark.e2e


def stop_flow(site, how):
    """End the process of the one flow run that is under way."""
    found = until(
        lambda: [p for p in site.processes() if "prefect.engine" in " ".join(p.cmdline())], lambda f: len(f) == 1, 20
    )
    found[0].send_signal(how)
    until(found[0].is_running, lambda runs: not runs, 30)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "told to end"])
def test_a_release_stopped_in_its_bake_goes_on_as_the_same_release(site, users, how):
    service = site.add_service(
        f"resumes-{how.value}",
        on_planned_stop="resume",
        bake={"min_seconds": 15, "deadline_seconds": 90},
        ladder=[50, 100],
    )
    first, second = site.register(service, "good"), site.register(service, "better")
    done = site.run("release", service, first)
    assert done.code == 0, done.text
    client = MlflowClient(site.mlflow_url)
    with users(service) as seen:
        run = site.start(service, second)
        site.at_step(service, "switched")
        until(lambda: client.get_registered_model(service).aliases.get("champion"), lambda v: v == second, 60)
        until(lambda: [line["event"] for line in site.journal(run)], lambda e: e[-1] == "verdicts", 60)
        stop_flow(site, how)
        release = site.router.read(service).owner
        assert release == f"{service}-{second}-{run.id[:8]}"
        until(lambda: site.run("recover").text, lambda text: "resume: a new run goes on" in text, 60)
        assert "no release has died" in site.run("recover").text  # the run that was asked for is awaited
        until(lambda: site.router.read(service).owner, lambda owner: not owner, 120)
    assert seen.failures == []
    assert site.live_version(service) == second
    assert client.get_registered_model(service).aliases == {"champion": second, "previous": first}
    until(lambda: site.serving(service, first), lambda processes: not processes, 20)
    events = [line["event"] for line in site.journal(run)]
    assert events.count("resumed") == 1
    assert events.count("traffic switched") == 1
    found = client.search_runs([client.get_experiment_by_name(f"releases/{service}").experiment_id])
    ended = {r.data.tags["greenramp.release"]: r.info.status for r in found}
    assert (len(found), ended[release]) == (2, "FINISHED")


def test_an_alias_moved_by_hand_and_a_model_stopped_by_hand_are_found_and_told(site):
    service = site.add_service("drifts")
    first, second = site.register(service, "good"), site.register(service, "better")
    assert site.run("release", service, first).code == 0
    assert f"{service}: " not in site.run("recover").text
    MlflowClient(site.mlflow_url).set_registered_model_alias(service, "champion", second)
    stop_model(site, service)
    run = site.ended(site.prefect.run("recover/greenramp", {}))
    assert run.state == "NothingToDo", run.message
    told = {drift.what.value: drift for drift in read_drift(site.home) if drift.service == service}
    assert f"names version {second}, but version {first} serves" in told["alias"].sentence
    assert told["alias"].told
    assert told["environment"].told
    assert f"version {first} serves" in " ".join(site.run("status").text.split())
    until(lambda: site.serving(service, first), lambda processes: len(processes) == 1, 60)  # it was started again
    assert "alias" in site.run("recover").text
    assert MlflowClient(site.mlflow_url).get_registered_model(service).aliases["champion"] == second


def stop_model(site, service):
    """Stop the serving processes as a person would, with supervisord's own command."""
    supervisor = Supervisor(site.home.supervisor_socket)
    for process in supervisor.group(f"{service}.{site.router.read(service).live.value}"):
        supervisor.ensure_stopped(f"{process.group}:{process.name}")
