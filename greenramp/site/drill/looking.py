"""Looks at a drill's release, from the outside and on disk: how far it is, and whether it has come to an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from greenramp.clients.atomicfile import read_json
from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.prefectapi import FlowRun, PrefectApi
from greenramp.clients.scoring import Scoring
from greenramp.drill.places import Place, Sight, reached
from greenramp.errors import NotConfirmed, Unreachable
from greenramp.site.drill.service import SERVICE
from greenramp.site.settings import SiteSettings

_LOOK_SECONDS = 0.01
_PREFECT_LOOKS = 50
"""Each so many looks at the disk Prefect is asked, too, so that a release which ends early is not waited for."""


class Looking:
    """Looks at one release. run: its flow run's id."""

    def __init__(self, site: SiteSettings, run: str) -> None:
        self._site, self._run = site, run
        self._prefect = PrefectApi(site.prefect_url)
        self._old = frozenset(site.home.journals.glob(f"{SERVICE}-recover-*.jsonl"))

    def lines(self) -> list[dict[str, Any]]:
        """The release's journal."""
        found = next(self._site.home.journals.glob(f"{SERVICE}-*-{self._run[:8]}.jsonl"), None)
        return Journal(self._site.home, found.stem).read() if found else []

    def sight(self, place: Place) -> Sight:
        """What stands on disk now, as far as `place` asks for it."""
        home, route = self._site.home, Router(self._site.home).read(SERVICE)
        recoveries = set(home.journals.glob(f"{SERVICE}-recover-*.jsonl")) - self._old
        record = self._environment(route.idle.value) if place in (Place.PROVISIONING, Place.WARMING_UP) else None
        return Sight(
            lines=self.lines(),
            recovery=[line for path in recoveries for line in Journal(home, path.stem).read()],
            route=route,
            provided=record is not None,
            answers=place is Place.WARMING_UP and record is not None and _answers(record),
        )

    def await_place(self, place: Place, seconds: float) -> None:
        """Wait until the release has come there; raises NotConfirmed when it ends before, or takes too long."""
        deadline, looks = time.monotonic() + seconds, 0
        while not reached(place, self.sight(place)):
            looks += 1
            run = self.run() if looks % _PREFECT_LOOKS == 0 and place is not Place.RECOVERING else None
            if run and run.ended and not reached(place, self.sight(place)):
                raise NotConfirmed(f"the release ended before it was {place} ({run.state}: {run.message})")
            if time.monotonic() > deadline:
                raise NotConfirmed(f"the release was not {place} within {seconds:g} s")
            time.sleep(_LOOK_SECONDS)

    def run(self) -> FlowRun | None:
        """The flow run as Prefect knows it, None while Prefect does not answer."""
        with suppress(Unreachable):
            return self._prefect.flow_run(self._run)
        return None

    def _environment(self, side: str) -> Mapping[str, Any] | None:
        record: Mapping[str, Any] | None = read_json(self._site.home.environments / f"{SERVICE}.{side}.json")
        mine = record is not None and str(record["release"]).endswith(f"-{self._run[:8]}")
        return record if mine else None


def _answers(record: Mapping[str, Any]) -> bool:
    return all(Scoring(f"http://127.0.0.1:{port}").ready() for port in record["ports"])


def await_true(what: str, look: Callable[[], bool], seconds: float) -> None:
    """Look until it is so; raises NotConfirmed when that takes too long. What does not answer is looked at again."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(Unreachable):
            if look():
                return
        if time.monotonic() > deadline:
            raise NotConfirmed(f"after {seconds:g} s still not so: {what}")
        time.sleep(0.1)
