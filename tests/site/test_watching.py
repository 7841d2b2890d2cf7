"""Looks at the registry, on real MLflow and Prefect servers; what the releases come to is said by the test."""

import time

import pytest
from own_servers import ask_rest, bare_site, running

from greenramp.clients.atomicfile import write_json
from greenramp.clients.envoy.clusters import Upstream, cluster_file
from greenramp.clients.envoy.routes import route_file
from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import OrderBook, Steering
from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.registrylook import MlflowRest
from greenramp.clients.wishbook import ensure_since, read_book
from greenramp.errors import Overruled
from greenramp.lifecycle.orders import Order, Word
from greenramp.site.watching import look_at_all
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

GATE = "gates: [{metric: errors, name: errors, margin: 0.5}]"


class Servers:
    """MLflow and Prefect, with deployments that nobody works for."""

    def __init__(self, site, mlflow, prefect):
        self.site, self.mlflow, self.url = site, mlflow, f"{prefect}/api"
        self.api = PrefectApi(prefect)
        flow = ask_rest("POST", f"{self.url}/flows/", {"name": "release"})["id"]
        ask_rest("POST", f"{self.url}/deployments/", {"name": "greenramp", "flow_id": flow})

    def look(self):
        looked = look_at_all(self.site, [].append)
        assert not looked.failed
        return looked


class Service:
    """One service of the site, and its model."""

    def __init__(self, servers, name, triggers="{}", versions=2):
        self.servers, self.name = servers, name
        self.write(triggers)
        self.order("POST", "registered-models/create")
        for _ in range(versions):
            self.order("POST", "model-versions/create", source="s3://nowhere/model")

    def write(self, triggers, more=""):
        file = self.servers.site.configs / "services" / f"{self.name}.yaml"
        file.write_text(f"model: {self.name}\ntriggers: {triggers}\n{GATE}\n{more}")

    def order(self, method, path, **body):
        url = f"{self.servers.mlflow}/api/2.0/mlflow/{path}"
        return ask_rest(method, url, {"name": self.name, **body})

    def point(self, version, alias="challenger"):
        self.order("POST", "registered-models/alias", alias=alias, version=version)

    def move(self, version, stage):
        self.order("POST", "model-versions/transition-stage", version=version, stage=stage)

    def runs(self):
        """Versions that a run was started for, oldest first, and the runs' ids."""
        wanted = {"flow_runs": {}, "sort": "EXPECTED_START_TIME_ASC"}
        found = ask_rest("POST", f"{self.servers.url}/flow_runs/filter", wanted)
        mine = [run for run in found if run["parameters"]["service"] == self.name]
        return {run["id"]: run["parameters"]["candidate"] for run in mine}

    def released(self):
        return list(self.runs().values())

    def end(self, name, kind="COMPLETED", message=""):
        """The run that goes on comes to this end."""
        run = list(self.runs())[-1]
        state = {"state": {"type": kind, "name": name, "message": message}, "force": True}
        ask_rest("POST", f"{self.servers.url}/flow_runs/{run}/set_state", state)
        return run

    def wishes(self):
        return [(w.version, w.state.value) for w in read_book(self.servers.site.home, self.name).wishes]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    site = bare_site(tmp_path_factory.mktemp("watching"))
    ensure_since(site.home, time.time())
    with running(site, "mlflow") as mlflow, running(site, "prefect-server") as prefect:
        yield Servers(site, mlflow, prefect)


@pytest.fixture
def traffic(servers):
    """Say which version serves, and which release holds the service."""
    home = servers.site.home

    def set_to(service, version="", owner=""):
        live = Side.BLUE if version else None
        route = Route(service.name, live=live, owner=owner, until=time.time() + 600 if owner else 0.0, step="canary")
        write_json(home.xds / "rds.json", route_file([route], 1))
        upstreams = [Upstream(service.name, Side.BLUE, (("127.0.0.1", 1),), version)] if version else []
        write_json(home.xds / "cds.json", cluster_file(upstreams, 1))

    yield set_to
    for name in ("rds.json", "cds.json"):
        (home.xds / name).unlink(missing_ok=True)


def test_an_alias_starts_one_release_however_often_it_is_looked_at(servers):
    service = Service(servers, "once")
    service.point("1")
    for _ in range(3):
        servers.look()
    assert service.released() == ["1"]
    service.end("RolledBack", "FAILED")
    servers.look()
    servers.look()
    assert (service.released(), service.wishes()) == (["1"], [("1", "done")])


def test_alias_and_stage_for_one_version_are_one_release(servers):
    service = Service(servers, "two-ways")
    servers.look()
    service.move("2", "Staging")
    service.point("2")
    servers.look()
    service.end("Promoted")
    servers.look()
    assert service.released() == ["2"]
    assert read_book(servers.site.home, "two-ways").wishes[0].ways == ("alias", "stage")


def test_moved_away_and_back_it_is_released_anew(servers):
    service = Service(servers, "anew")
    for version in ("1", "2", "1"):
        service.point(version)
        servers.look()
        service.end("RolledBack", "FAILED")
    servers.look()
    assert service.released() == ["1", "2", "1"]


def test_a_newer_version_waits_until_the_release_has_ended(servers):
    service = Service(servers, "waits")
    service.point("1")
    servers.look()
    service.point("2")
    servers.look()
    assert (service.released(), service.wishes()) == (["1"], [("1", "started"), ("2", "asked")])
    service.end("Promoted")
    servers.look()
    assert service.released() == ["1", "2"]


def test_a_newer_version_takes_the_release_back_where_the_service_says_so(servers, traffic):
    service = Service(servers, "supersedes", "{on_newer: supersede}")
    service.point("1")
    servers.look()
    (run,) = service.runs()
    release = f"supersedes-1-{run[:8]}"
    Journal(servers.site.home, release).add("claimed")
    traffic(service, owner=release)
    service.point("2")
    servers.look()
    servers.look()
    with pytest.raises(Overruled, match="version 2 was asked for"):
        Steering(servers.site.home, release, [].append).look()
    traffic(service)
    service.end("RolledBack", "FAILED")
    servers.look()
    assert service.released() == ["1", "2"]
    assert service.wishes() == [("1", "superseded"), ("2", "started")]


def test_a_release_that_a_person_has_paused_is_taken_back_only_once_it_is_continued(servers, traffic):
    service = Service(servers, "paused", "{on_newer: supersede}")
    service.point("1")
    servers.look()
    (run,) = service.runs()
    release = f"paused-1-{run[:8]}"
    traffic(service, owner=release)
    book = OrderBook(servers.site.home, release)
    book.add(Order("a", time.time(), Word.PAUSE, "ann"))
    service.point("2")
    servers.look()
    servers.look()
    assert [order.word for order in book.read()] == [Word.PAUSE]
    book.add(Order("b", time.time(), Word.CONTINUE, "ann"))
    servers.look()
    assert [order.word for order in book.read()] == [Word.PAUSE, Word.CONTINUE, Word.ABORT]


def test_a_release_that_a_person_started_is_waited_for_and_never_taken_back(servers, traffic):
    service = Service(servers, "by-person", "{on_newer: supersede}")
    run = servers.api.run("release/greenramp", {"service": "by-person", "candidate": "1"})
    service.point("2")
    servers.look()
    assert service.released() == ["1"]
    assert servers.api.flow_run(run.id).type == "SCHEDULED"
    service.end("Promoted")
    servers.look()
    assert service.released() == ["1", "2"]


def test_a_version_that_serves_is_not_released(servers, traffic):
    service = Service(servers, "serves")
    traffic(service, version="1")
    service.point("1")
    servers.look()
    assert (service.released(), service.wishes()) == ([], [("1", "ignored")])


def test_a_run_that_prefect_lost_before_it_touched_anything_is_started_anew(servers):
    service = Service(servers, "lost")
    service.point("1")
    servers.look()
    (run,) = service.runs()
    ask_rest("DELETE", f"{servers.url}/flow_runs/{run}", None)
    servers.look()
    assert len(service.runs()) == 1
    service.end("Crashed", "CRASHED")
    servers.look()
    assert service.released() == ["1", "1"]


def test_a_version_moved_to_production_by_hand_is_told_so(servers, traffic):
    service = Service(servers, "by-hand")
    traffic(service, version="1")
    servers.look()
    service.move("2", "Production")
    servers.look()
    tags = {v.version: v.tags for v in MlflowRest(servers.mlflow).look("by-hand").versions}
    assert "moves no traffic: version 1 serves" in tags["2"]["greenramp.told"]
    assert service.released() == []


def test_a_version_moved_to_production_by_hand_is_released_where_the_service_says_so(servers):
    service = Service(servers, "by-hand-too", "{on_production_by_hand: release}")
    servers.look()
    service.move("2", "Production")
    servers.look()
    assert service.released() == ["2"]


def test_what_a_release_does_to_stages_asks_for_nothing(servers, traffic):
    service = Service(servers, "own-moves", "{alias: null, on_production_by_hand: release}")
    service.move("2", "Staging")
    servers.look()
    (run,) = service.runs()
    release = f"own-moves-2-{run[:8]}"
    traffic(service, version="1", owner=release)
    service.move("2", "Production")
    servers.look()
    service.move("2", "Staging")
    Journal(servers.site.home, release).add("ended", outcome="rolled-back", reason="a gate")
    traffic(service, version="1")
    service.end("RolledBack", "FAILED")
    servers.look()
    servers.look()
    assert service.released() == ["2"]


def test_in_a_freeze_window_a_wish_waits(servers):
    service = Service(servers, "frozen")
    window = '{from: "2020-01-01T00:00:00+00:00", until: "2999-01-01T00:00:00+00:00", reason: holidays}'
    service.write("{}", f"freeze: [{window}]\n")
    service.point("1")
    servers.look()
    assert (service.released(), service.wishes()) == ([], [("1", "asked")])
    service.write("{}")
    servers.look()
    assert service.released() == ["1"]


def test_one_service_whose_file_is_broken_keeps_no_other_from_being_looked_at(servers):
    service = Service(servers, "sound")
    broken = servers.site.configs / "services" / "broken.yaml"
    broken.write_text("model: [\n")
    service.point("1")
    looked = look_at_all(servers.site, [].append)
    broken.unlink()
    assert [failure.partition(":")[0] for failure in looked.failed] == ["broken"]
    assert service.released() == ["1"]


def test_a_model_that_is_forgotten_is_gone_with_its_versions_and_forgetting_it_twice_is_once(servers):
    Service(servers, "forgotten")
    mlflow = MlflowRest(servers.mlflow)
    assert mlflow.look("forgotten").versions
    for _ in range(2):
        mlflow.forget_model("forgotten")
        assert mlflow.look("forgotten").versions == ()
