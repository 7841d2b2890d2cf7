"""From anywhere in a release back to where it began: by a person, after a kill, by cancelling the run."""

from __future__ import annotations

import json
import os
import signal
import time

import psutil
import pytest
from mlflow import MlflowClient
from site_driver import until

from greenramp.clients.supervisor import Supervisor

pytestmark = pytest.mark.e2e


@pytest.fixture
def two_versions(site, request):
    """A service with one version serving and a second one registered; returns (service, first, second)."""

    def make(name: str, **changes):
        service = site.add_service(name, **changes)
        first, second = site.register(service, "good"), site.register(service, "better")
        done = site.run("release", service, first)
        assert done.code == 0, done.text
        return service, first, second

    return make


def flow_processes(site):
    """The processes of flow runs."""
    return [p for p in site.processes() if "prefect.engine" in " ".join(p.cmdline())]


def kill_orchestration(site):
    """End the flow's process, Prefect's worker and its server at once, as a power cut would."""
    prefect = [p for p in site.processes() if "prefect" in " ".join(p.cmdline())]
    words = " ".join(word for p in prefect for word in p.cmdline())
    assert "prefect.engine" in words
    assert "worker start" in words
    assert "server start" in words
    for process in prefect:
        process.suspend()  # none of them may notice that another one has gone
    for process in prefect:
        process.kill()


def aliases_of(site, service):
    return MlflowClient(site.mlflow_url).get_registered_model(service).aliases


def test_with_everything_killed_that_runs_a_release_its_share_ends_by_itself_and_the_next_order_puts_it_right(
    site, users, two_versions
):
    service, first, second = two_versions("killed", step={"min_seconds": 60, "deadline_seconds": 180})
    with users(service) as seen:
        site.start(service, second)
        site.at_step(service, "canary 20 %")
        meanwhile = site.ended(site.start(service, second))
        assert meanwhile.state == "Refused"
        assert "is under way (canary 20 %)" in meanwhile.message
        kill_orchestration(site)
        ends = site.router.read(service).until
        until(time.time, lambda now: now > ends + 1, 20)
        answered_by_candidate = seen.by_version[second]
        until(lambda: site.router.read(service).percent, lambda percent: percent == 0, 60)  # the guard's work
        until(site.prefect.healthy, bool, 240)
        assert "died at: canary 20 %" in " ".join(site.run("status").text.split())
        done = site.run("rollback", service)
    assert done.code == 0, done.text
    assert seen.by_version[second] == answered_by_candidate > 0
    assert seen.failures == []
    assert site.live_version(service) == first
    assert aliases_of(site, service)["champion"] == first
    assert not site.router.read(service).owner


def test_a_release_that_finds_a_dead_one_begins_from_the_live_version(site, users, two_versions):
    service, first, second = two_versions("succeeded", step={"min_seconds": 3, "deadline_seconds": 120})
    with users(service) as seen:
        site.start(service, second)
        site.at_step(service, "canary 20 %")
        until(lambda: flow_processes(site), lambda found: len(found) == 1, 60)[0].send_signal(signal.SIGKILL)
        ends = site.router.read(service).until
        until(time.time, lambda now: now > ends + 0.5, 20)
        done = site.run("release", service, second)
    assert done.code == 0, done.text
    assert seen.failures == []
    assert aliases_of(site, service) == {"champion": second, "previous": first}
    runs = MlflowClient(site.mlflow_url)
    experiment = runs.get_experiment_by_name(f"releases/{service}")
    assert sorted(r.info.status for r in runs.search_runs([experiment.experiment_id])) == [
        "FINISHED",
        "FINISHED",
        "KILLED",
    ]


def test_a_persons_rollback_in_the_bake_moves_traffic_at_once_and_ends_the_release(site, users, two_versions):
    service, first, second = two_versions("baking", bake={"min_seconds": 45, "deadline_seconds": 120})
    with users(service) as seen:
        run = site.start(service, second)
        site.at_step(service, "switched")
        done = site.run("rollback", service)
        run = site.ended(run)
    assert done.code == 0, done.text
    assert f"traffic is on version {first} after" in done.text
    served = json.loads(site.run("history", service, "--json").text)["served"]
    assert [(one["version"], one["percent"]) for one in served][-1] == (first, 0.0)
    assert second in [one["version"] for one in served], "it served until the person took it back"
    assert seen.failures == []
    assert run.state == "RolledBack"
    assert site.live_version(service) == first
    assert aliases_of(site, service)["champion"] == first


def test_a_finished_release_is_rolled_back_by_starting_the_previous_version(site, users, two_versions):
    service, first, second = two_versions("cold")
    with users(service) as seen:
        assert site.run("release", service, second).code == 0
        done = site.run("rollback", service)
    assert done.code == 0, done.text
    assert seen.failures == []
    assert site.live_version(service) == first
    assert aliases_of(site, service) == {"champion": first, "previous": second}


def test_a_cancelled_run_puts_everything_back(site, users, two_versions):
    service, first, second = two_versions("cancelled", step={"min_seconds": 40, "deadline_seconds": 120})
    with users(service) as seen:
        run = site.start(service, second)
        site.at_step(service, "canary 20 %")
        site.prefect.cancel(run.id)
        run = site.ended(run)
    assert run.type == "CANCELLED"
    assert seen.failures == []
    assert site.live_version(service) == first
    assert aliases_of(site, service) == {"champion": first}
    assert not site.router.read(service).owner


def test_a_candidate_that_dies_in_the_canary_costs_no_request_and_goes_back(site, users, two_versions):
    service, first, second = two_versions("dying", step={"min_seconds": 30, "deadline_seconds": 120})
    with users(service) as seen:
        run = site.start(service, second)
        site.at_step(service, "canary 20 %")
        victims = [p for p in site.processes() if f"--service {service}" in " ".join(p.cmdline())]
        candidate = next(p for p in victims if f"--model-version {second}" in " ".join(p.cmdline()))
        os.kill(candidate.pid, signal.SIGKILL)
        run = site.ended(run)
    assert run.state == "RolledBack"
    assert run.message.startswith("errors is fail")
    assert seen.failures == []
    assert site.live_version(service) == first


def test_with_mlflow_away_at_promotion_traffic_goes_back_and_a_later_rollback_finishes(site, users, two_versions):
    service, first, second = two_versions("unregistered", step={"min_seconds": 4, "deadline_seconds": 120})
    with users(service) as seen:
        run = site.start(service, second)
        site.at_step(service, "canary 100 %")
        Supervisor(site.home.supervisor_socket).ensure_stopped("mlflow")
        try:
            run = site.ended(run)
            assert run.type == "FAILED"
            assert f"finish with: greenramp rollback {service}" in run.message
            assert site.live_version(service) == first
            assert site.router.read(service).owner, "the claim stands, so that the next order finds what is left to do"
        finally:
            up = site.run("up", "--configs", str(site.configs), "--port-base", str(site.ports))
        assert up.code == 0, up.text
        done = site.run("rollback", service)
    assert done.code == 0, done.text
    assert seen.failures == []
    assert site.live_version(service) == first
    assert aliases_of(site, service)["champion"] == first
    assert not site.router.read(service).owner


def test_a_service_without_an_earlier_version_says_so(site):
    service = site.add_service("alone")
    assert "serves no version" in site.run("rollback", service).text
    site.run("release", service, site.register(service, "good"))
    done = site.run("rollback", service)
    assert done.code == 1
    assert "previous" in done.text
    assert not site.router.read(service).owner
    assert psutil.pid_exists(int(site.home.supervisor_pid.read_text()))
