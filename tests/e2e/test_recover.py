"""Releases that died are finished without anybody's order: back, or forward where only bookkeeping was left."""

from __future__ import annotations

import signal
import time

import pytest
from mlflow import MlflowClient
from site_driver import until

pytestmark = pytest.mark.e2e


def aliases_of(site, service):
    return MlflowClient(site.mlflow_url).get_registered_model(service).aliases


def kill_flow(site):
    """End the process of the one flow run that is under way."""
    found = until(
        lambda: [p for p in site.processes() if "prefect.engine" in " ".join(p.cmdline())], lambda f: len(f) == 1, 20
    )
    found[0].send_signal(signal.SIGKILL)


def await_lease_end(site, service):
    ends = site.router.read(service).until
    until(time.time, lambda now: now > ends + 0.1, 30)


def test_a_release_that_dies_in_the_bake_goes_back_without_prefect(site, users):
    service = site.add_service("dies-baking", bake={"min_seconds": 60, "deadline_seconds": 90})
    first, second = site.register(service, "good"), site.register(service, "better")
    done = site.run("release", service, first)
    assert done.code == 0, done.text
    with users(service) as seen:
        site.start(service, second)
        site.at_step(service, "switched")
        until(lambda: aliases_of(site, service).get("champion"), lambda version: version == second, 30)
        kill_flow(site)
        await_lease_end(site, service)
        assert site.live_version(service) == second  # nobody has said so yet: it answers well
        done = site.run("recover")
        assert done.code == 0, done.text
        assert f"version {first} serves" in done.text
        assert "View run" not in done.text
    assert seen.failures == []
    assert site.live_version(service) == first
    assert aliases_of(site, service) == {"champion": first, "previous": second}
    assert not site.router.read(service).owner
    assert site.serving(service, second) == []
    client = MlflowClient(site.mlflow_url)
    runs = client.search_runs([client.get_experiment_by_name(f"releases/{service}").experiment_id])
    assert {run.data.params["candidate"]: run.info.status for run in runs} == {first: "FINISHED", second: "KILLED"}
    assert client.get_model_version(service, second).tags["greenramp.status"] == "rolled-back"
    assert "no release has died" in site.run("recover").text


def test_what_died_in_the_canary_is_put_right_by_the_flow_that_looks_for_it(site, users):
    service = site.add_service("dies-canary", step={"min_seconds": 60, "deadline_seconds": 90})
    first, second = site.register(service, "good"), site.register(service, "better")
    assert site.run("release", service, first).code == 0
    with users(service) as seen:
        site.start(service, second)
        site.at_step(service, "canary 20 %")
        kill_flow(site)
        await_lease_end(site, service)
        run = site.ended(site.prefect.run("recover/greenramp", {}))
        assert (run.state, run.type) == ("Recovered", "COMPLETED"), run.message
    assert seen.failures == []
    assert site.live_version(service) == first
    assert aliases_of(site, service) == {"champion": first}
    assert not site.router.read(service).owner
    assert site.serving(service, second) == []
