"""What is refused before anything is started."""

import json
import time

import pytest
from prefect.logging import disable_run_logger

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.routes import route_file
from greenramp.config import Service
from greenramp.errors import Refused
from greenramp.home import Home
from greenramp.plan import Candidate
from greenramp.route import Route
from greenramp.site.settings import SiteSettings
from greenramp.split import Side
from tasks.preflight import preflight


@pytest.fixture
def site(tmp_path):
    ports = dict.fromkeys(("router_port", "mlflow_port", "prefect_port", "outcomes_port", "first_environment_port"), 1)
    return SiteSettings(home=Home(tmp_path), name="local", project=tmp_path, configs=tmp_path, **ports)


@pytest.fixture
def candidate(tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {}}\nsignature: {inputs: x}\n")
    return Candidate("fraud", "7", "sha256:0", str(tmp_path), "")


def service(**more):
    gate = {"name": "errors", "metric": "errors", "margin": 0.05, "role": "require"}
    return Service.model_validate({"model": "fraud", "gates": [{**gate, **more.pop("gate", {})}], **more})


def serving(home):
    write_json(home.xds / "rds.json", route_file([Route("fraud", live=Side.BLUE)], 1))


def one_request_a_second(home):
    serving(home)
    home.request_log.parent.mkdir()
    with home.request_log.open("w") as log:
        for ago in range(600, 0, -1):
            status = 500 if ago % 100 == 0 else 200
            row = {"ts": time.time() - ago, "cluster": "fraud.blue-live", "status": status, "attempts": 1}
            log.write(json.dumps(row) + "\n")


def test_a_required_gate_that_cannot_decide_in_time_is_refused(site, candidate):
    one_request_a_second(site.home)
    with pytest.raises(Refused) as refused:
        preflight.fn(site, "fraud", service(), candidate)
    for words in ("go back undecided: errors is required", "at 5 %", "takes about", "allow_undecidable: true"):
        assert words in str(refused.value)


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(service(allow_undecidable=True), id="the service allows it"),
        pytest.param(service(gate={"role": "guard"}), id="nothing is required"),
        pytest.param(service(gate={"margin": None, "max_rate": 0.2}), id="it can"),
    ],
)
def test_others_go_on(site, candidate, plan):
    one_request_a_second(site.home)
    preflight.fn(site, "fraud", plan, candidate)


def test_without_traffic_nothing_can_be_said_and_it_goes_on(site, candidate):
    serving(site.home)
    with disable_run_logger():
        preflight.fn(site, "fraud", service(), candidate)


def test_the_first_version_has_nobody_to_be_compared_with(site, candidate):
    preflight.fn(site, "fraud", service(), candidate)


def test_a_version_without_signature_is_refused(site, candidate, tmp_path):
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {}}\n")
    with pytest.raises(Refused, match="no signature"):
        preflight.fn(site, "fraud", service(), candidate)
