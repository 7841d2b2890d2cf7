"""Releases of versions with planted faults: several services at the same time, each with one release after another."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import yaml
from serving_process import COLUMNS, PLANTED, SLICED, request_of
from site_driver import Site
from users import Seen, Users

from greenramp.clients.prefectapi import FlowRun
from greenramp.traffic.route import Route

INPUTS = [{"type": "double", "name": name} for name in COLUMNS] + [{"type": "string", "name": SLICED}]
"""The signature's columns of a planted model, as MLflow writes them."""

_PATIENCE_SECONDS = 400
_AT_ONCE = 2


@dataclass(frozen=True)
class Planted:
    """One release. model: what planted_model.py is to do. changes: of the service's configuration, for this release.

    rate: users' requests per second meanwhile. inputs: the signature's columns.
    """

    name: str
    model: Mapping[str, Any]
    changes: Mapping[str, Any] = field(default_factory=dict)
    rate: float = 30
    inputs: Sequence[Mapping[str, Any]] = tuple(INPUTS)


@dataclass(frozen=True)
class Lane:
    """A service, the model of its first version, and the releases that follow one another. suites: by name."""

    service: str
    model: Mapping[str, Any]
    changes: Mapping[str, Any]
    releases: tuple[Planted, ...]
    suites: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Released:
    """What became of one release. before, after: the version that had all traffic, and the route.

    serving: command lines of the processes that serve its version, afterwards. seconds: from the order to the end.
    """

    service: str
    version: str
    run: FlowRun
    seen: Seen
    before: tuple[str | None, Route]
    after: tuple[str | None, Route]
    serving: list[str]
    journal: list[dict[str, Any]]
    seconds: float

    @property
    def events(self) -> list[str]:
        """What happened, in order."""
        return [line["event"] for line in self.journal]


def planted_request(chance: random.Random) -> tuple[dict[str, Any], None]:
    """What users ask a planted model; no label becomes known."""
    return request_of(chance, sliced=True), None


def carry_out(site: Site, lanes: Sequence[Lane]) -> dict[str, Future[Released]]:
    """Do every release, and wait for them; by their names. What could not be done raises when it is asked for."""
    for lane in lanes:
        site.add_service(lane.service, **lane.changes)
        for name, expectations in lane.suites.items():
            file = site.configs / "expectations" / f"{lane.service}_{name}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(yaml.safe_dump({"expectations": expectations}))
    site.register_all([_order(lane.service, lane.model, INPUTS) for lane in lanes])
    outcomes: dict[str, Future[Released]] = {p.name: Future() for lane in lanes for p in lane.releases}
    with ThreadPoolExecutor(1) as registering, ThreadPoolExecutor(_AT_ONCE) as pool:
        orders = [_order(lane.service, p.model, p.inputs) for lane in lanes for p in lane.releases]
        registered = registering.submit(site.register_all, orders)
        for lane in lanes:
            pool.submit(_drive, site, lane, registered, outcomes)
    return outcomes


def _order(model: str, config: Mapping[str, Any], inputs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return {"model": model, "script": str(PLANTED), "config": dict(config), "columns": list(inputs)}


def _drive(site: Site, lane: Lane, registered: Future[list[str]], outcomes: Mapping[str, Future[Released]]) -> None:
    """The releases of one service; one that can't be done takes those after it along."""
    waiting = list(enumerate(lane.releases, start=2))
    try:
        first = site.ended(site.start(lane.service, "1"), _PATIENCE_SECONDS)
        assert first.state == "Promoted", first.message
        registered.result()
        while waiting:
            version, planted = waiting[0]
            site.add_service(lane.service, **{**lane.changes, **planted.changes})
            done = _release(site, lane.service, str(version), planted.rate)
            outcomes[planted.name].set_result(done)
            del waiting[0]
    except Exception as error:  # noqa: BLE001  (it is raised in the tests)
        for _, planted in waiting:
            outcomes[planted.name].set_exception(error)


def _release(site: Site, service: str, version: str, rate: float) -> Released:
    with Users(site, service, rate, planted_request) as seen:
        before, started = _stand(site, service), time.monotonic()
        run = site.ended(site.start(service, version), _PATIENCE_SECONDS)
        seconds, after, serving = time.monotonic() - started, _stand(site, service), site.serving(service, version)
    journal = [] if run.state == "Refused" else site.journal(run)
    return Released(service, version, run, seen, before, after, serving, journal, seconds)


def _stand(site: Site, service: str) -> tuple[str | None, Route]:
    return site.live_version(service), site.router.read(service)
