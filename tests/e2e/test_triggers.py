"""Releases that start by themselves: by alias, by stage, with the receiver down; each wish is one release."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import requests
from site_driver import Site

from greenramp.clients.prefectapi import FlowRun
from greenramp.clients.registrylook import MlflowRest
from greenramp.clients.supervisor import Supervisor
from greenramp.clients.wishbook import read_book
from greenramp.site.programs import RECEIVER

pytestmark = pytest.mark.e2e

BY_ALIAS = {"alias": "challenger", "stage": None}
BY_STAGE = {"alias": None, "stage": "Staging"}
BEGIN_SECONDS = 240
"""For a machine that does six other things; docs/triggers.md says what an idle one takes."""


@pytest.fixture(scope="module", autouse=True)
def looks(site: Site) -> Iterator[None]:
    """The schedule's looks at the registry, as every site has them."""
    site.schedule("watch-registry/greenramp", on=True)
    yield
    site.schedule("watch-registry/greenramp", on=False)


@pytest.fixture(scope="module")
def registry(site: Site) -> Callable[..., None]:
    """Order MLflow over its REST interface, as its own page does."""

    def order(method: str, path: str, **body: str) -> None:
        url = f"{site.mlflow_url}/api/2.0/mlflow/{path}"
        requests.request(method, url, json=body, timeout=30).raise_for_status()

    return order


@pytest.fixture
def without_receiver(site: Site) -> Iterator[None]:
    supervisor = Supervisor(site.home.supervisor_socket)
    supervisor.ensure_stopped(RECEIVER)
    yield
    supervisor.ensure_started(RECEIVER)


def runs_of(site: Site, service: str) -> list[FlowRun]:
    wanted = {"flows": {"name": {"any_": ["release"]}}, "limit": 200}
    url = f"http://127.0.0.1:{site.ports + 2}/api/flow_runs/filter"
    found = requests.post(url, json=wanted, timeout=60).json()
    return [site.prefect.flow_run(run["id"]) for run in found if run["parameters"]["service"] == service]


def seconds_until_a_run_begins(site: Site, service: str, since: float) -> float:
    while not [run for run in runs_of(site, service) if run.type not in ("SCHEDULED", "PENDING")]:
        assert time.time() < since + BEGIN_SECONDS
        time.sleep(1)
    return time.time() - since


def look(site: Site) -> None:
    """One more look at the registry, as the schedule orders each 30 s."""
    done = site.ended(site.prefect.run("watch-registry/asked", {}))
    assert done.type == "COMPLETED", done


def first_version(site: Site, service: str) -> None:
    """Looks know the service and its model, so that what comes is news."""
    site.register(service, "good")
    look(site)
    assert read_book(site.home, service).seen.newest == 1


def test_an_alias_set_in_mlflow_releases_the_version_once(site, registry, record_testsuite_property):
    service = site.add_service("by-alias", triggers=BY_ALIAS)
    version = site.register(service, "good")
    asked = time.time()
    registry("POST", "registered-models/alias", name=service, alias="challenger", version=version)
    record_testsuite_property("alias_to_run_seconds", round(seconds_until_a_run_begins(site, service, asked), 1))
    assert site.ended(runs_of(site, service)[0]).state == "Promoted"
    look(site)
    look(site)
    assert [run.state for run in runs_of(site, service)] == ["Promoted"]
    assert site.live_version(service) == version


def test_a_move_to_staging_releases_the_version(site, registry, record_testsuite_property):
    service = site.add_service("by-stage", triggers=BY_STAGE)
    first_version(site, service)
    asked = time.time()
    registry("POST", "model-versions/transition-stage", name=service, version="1", stage="Staging")
    record_testsuite_property("stage_to_run_seconds", round(seconds_until_a_run_begins(site, service, asked), 1))


def test_an_alias_set_while_the_receiver_is_down_is_one_release(site, registry, without_receiver):
    service = site.add_service("unheard", triggers=BY_ALIAS)
    first_version(site, service)
    registry("POST", "registered-models/alias", name=service, alias="challenger", version="1")
    seconds_until_a_run_begins(site, service, time.time())
    Supervisor(site.home.supervisor_socket).ensure_started(RECEIVER)
    assert site.ended(runs_of(site, service)[0]).state == "Promoted"
    look(site)
    assert len(runs_of(site, service)) == 1


def test_a_version_moved_to_production_by_hand_is_told_that_traffic_did_not_move(site, registry):
    service = site.add_service("by-hand", triggers={"alias": None, "stage": None})
    first_version(site, service)
    registry("POST", "model-versions/transition-stage", name=service, version="1", stage="Production")

    def told() -> str:
        return MlflowRest(site.mlflow_url).look(service).versions[0].tags.get("greenramp.told", "")

    look(site)
    assert "moves no traffic: no version serves" in told()
    assert not runs_of(site, service)
