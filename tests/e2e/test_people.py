"""People steer a running release: approve, reject, pause, continue, advance, abort, and cancel while it waits."""

from __future__ import annotations

import os
import signal
import time

import pytest
import requests
from mlflow import MlflowClient
from site_driver import until

pytestmark = pytest.mark.e2e

LONG = {"min_seconds": 600, "deadline_seconds": 900}


@pytest.fixture(scope="module")
def service(site):
    """A service where one of two versions serves."""
    name = site.add_service("steered")
    site.register(name, "good")
    site.register(name, "better")
    done = site.run("release", name, "1")
    assert done.code == 0, done.text
    return name


@pytest.fixture
def begin(site, service):
    """Release the version that does not serve, with these settings; returns the run and both versions."""
    begun = []

    def start(**changes):
        site.add_service(service, **changes)
        live = site.live_version(service)
        other = "2" if live == "1" else "1"
        begun.append(site.start(service, other))
        return begun[-1], live, other

    yield start
    for run in begun:  # a test that failed leaves nothing under way to the next
        if not site.prefect.flow_run(run.id).ended:
            site.run("abort", service, "--name", "clean-up")
            site.ended(run)


def state(site, run):
    """Name of a run's state, as the page shows it."""
    return site.prefect.flow_run(run.id).state


def on_page(site, run, **answer):
    """Answer the form as the page does; gives the server's word for what became of it, or its error."""
    url = f"http://127.0.0.1:{site.ports + 2}/api/flow_runs/{run.id}/resume"
    answered = requests.post(url, json={"run_input": answer}, timeout=60)
    return answered.json()["status"] if answered.ok else answered.text


def awaits(site, run):
    seen = until(lambda: site.prefect.flow_run(run.id), lambda now: now.state == "AwaitingApproval" or now.ended, 180)
    assert seen.state == "AwaitingApproval", seen


def assert_back(site, service, live):
    assert site.live_version(service) == live
    assert not site.router.read(service).owner
    assert MlflowClient(site.mlflow_url).get_registered_model(service).aliases["champion"] == live


def test_a_release_goes_on_when_approved_on_its_page_and_from_the_command_line(site, users, service, begin):
    with users(service) as seen:
        run, _, version = begin(approvals=[{"before": 20}, {"before": "promotion"}])
        awaits(site, run)
        assert on_page(site, run) == "REJECT"
        assert on_page(site, run, decision="approve", name="  ") == "REJECT"
        assert state(site, run) == "AwaitingApproval"
        assert site.router.read(service).percent == 0
        assert on_page(site, run, decision="approve", name="Ann", note="well tested") == "ACCEPT"
        site.at_step(service, "canary 20 %", 180)
        awaits(site, run)
        assert site.router.read(service).percent == 20
        done = site.run("approve", service, "--name", "bob")
        assert done.code == 0, done.text
        until(lambda: state(site, run), lambda name: name != "AwaitingApproval", 60)
        assert on_page(site, run, decision="reject", name="Late") == "ABORT"
        run = site.ended(run)
    assert run.state == "Promoted", run.message
    assert seen.failures == []
    assert site.live_version(service) == version
    approved = MlflowClient(site.mlflow_url).get_model_version(service, version).tags["greenramp.approved_by"]
    assert [part.split(",")[0] for part in approved.split("; ")] == ["20 %: Ann", "promotion: bob"]
    assert approved.startswith("20 %: Ann, ")
    assert "(well tested)" in approved


def test_a_paused_release_holds_its_share_until_it_is_continued_and_a_rejected_one_goes_back(
    site, users, service, begin
):
    with users(service):
        run, live, _ = begin(step={"min_seconds": 20, "deadline_seconds": 120}, approvals=[{"before": "promotion"}])
        site.at_step(service, "canary 20 %", 180)
        began = time.monotonic()
        order = {"service": service, "order": "pause", "name": "ann"}
        assert site.run("pause", service).code == 0
        ordered = site.ended(site.prefect.run("steer/greenramp", order))
        assert (ordered.state, "it is paused by" in ordered.message) == ("Refused", True)
        time.sleep(max(4, began + 25 - time.monotonic()))  # longer than the step
        assert site.router.read(service).percent == 20
        assert [line["place"] for line in site.journal(run) if line["event"] == "approval asked"] == []
        ordered = site.ended(site.prefect.run("steer/greenramp", {**order, "order": "continue"}))
        assert ordered.state == "Ordered", ordered.message
        awaits(site, run)
        assert site.run("reject", service, "--name", "bob", "--note", "not on Friday").code == 0
        run = site.ended(run)
    assert (run.state, run.message) == ("RolledBack", "rejected by bob at promotion: not on Friday")
    assert_back(site, service, live)


def test_an_advanced_step_ends_early_and_what_nobody_approves_in_time_goes_back(site, users, service, begin):
    with users(service):
        run, live, _ = begin(step=LONG, approvals=[{"before": "promotion", "expires_seconds": 5}])
        site.at_step(service, "canary 20 %", 180)
        assert site.run("advance", service).code == 0
        run = site.ended(run)
    assert (run.state, run.message) == ("RolledBack", "nobody approved promotion within 5 s")
    assert_back(site, service, live)


def test_a_run_that_is_cancelled_while_it_waits_for_approval_puts_everything_back(site, users, service, begin):
    with users(service) as seen:
        run, live, _ = begin(approvals=[{"before": "promotion"}])
        awaits(site, run)
        site.prefect.cancel(run.id)
        run = site.ended(run)
    assert run.type == "CANCELLED"
    assert seen.failures == []
    assert_back(site, service, live)


def test_gates_go_on_while_a_release_waits_for_approval(site, users, service, begin):
    with users(service) as seen:
        run, live, version = begin(approvals=[{"before": "promotion"}])
        awaits(site, run)
        words = (f"--service {service}", f"--model-version {version}")
        candidate = next(p for p in site.processes() if all(word in " ".join(p.cmdline()) for word in words))
        os.kill(candidate.pid, signal.SIGKILL)
        run = site.ended(run)
    assert run.state == "RolledBack"
    assert run.message.startswith("errors is fail at approval of promotion")
    assert seen.failures == []
    assert_back(site, service, live)


def test_an_aborted_release_goes_back_and_says_by_whom(site, users, service, begin):
    with users(service):
        run, live, _ = begin(step=LONG)
        site.at_step(service, "canary 20 %", 180)
        assert site.run("abort", service, "--name", "ann", "--note", "wrong data").code == 0
        run = site.ended(run)
    assert (run.state, run.message) == ("RolledBack", "aborted by ann: wrong data")
    assert_back(site, service, live)
