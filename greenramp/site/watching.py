"""One look at a service's model in the registry: what is asked for, what became of it, and what is to start now."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from greenramp.clients.atomicfile import locked
from greenramp.clients.configfiles import read_service, read_site, service_names
from greenramp.clients.envoy.router import Router
from greenramp.clients.orderbook import read_held
from greenramp.clients.ordering import give
from greenramp.clients.prefectapi import PrefectApi
from greenramp.clients.registrylook import MlflowRest
from greenramp.clients.wishbook import Book, change_book, claimed_version, ensure_since, read_book, read_world
from greenramp.config import Service
from greenramp.errors import GreenrampError, Refused
from greenramp.lifecycle.freeze import frozen
from greenramp.lifecycle.orders import Word
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route
from greenramp.triggers.signs import asking, compare
from greenramp.triggers.wishes import (
    Act,
    Run,
    Way,
    Wish,
    WishState,
    ask,
    next_to_start,
    settle,
    started,
    to_take_back,
    withdraw,
)

_RELEASE = "release/greenramp"
_FLOWS = ("release", "rollback", "shadow")
_STARTING = timedelta(minutes=30)
"""So long a run may go on before it claims its service; after that it is dead, or its lease speaks for it."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Looked:
    """What a look at all services came to. begun: runs that were started; failed: what could not be looked at."""

    begun: tuple[str, ...]
    failed: tuple[str, ...]


def look_at_all(site: SiteSettings, say: Say) -> Looked:
    """Look at every service; what goes wrong with one keeps nobody from looking at the others."""
    return look_at(site, service_names(site.configs), say)


def look_at(site: SiteSettings, services: Sequence[str], say: Say) -> Looked:
    """Look at these services; raises Unreachable when Prefect does not answer."""
    now = datetime.now(UTC)
    since = ensure_since(site.home, now.timestamp())
    mlflow, prefect = MlflowRest(site.mlflow_url), PrefectApi(site.prefect_url)
    begun, failed = [], []
    with locked(site.home.wishes / "looks" / "look.lock"):  # the schedule's and the webhook's may meet
        busy = prefect.busy_services(_FLOWS, now, now - _STARTING)
        for service in services:
            try:
                watcher = Watcher(site, service, mlflow, prefect, say)
                begun += watcher.look(since, in_prefect=service in busy)
            except GreenrampError as error:
                failed.append(f"{service}: {error}")
    return Looked(tuple(begun), tuple(failed))


class Watcher:
    """One look at one service."""

    def __init__(self, site: SiteSettings, service: str, mlflow: MlflowRest, prefect: PrefectApi, say: Say) -> None:
        self.site, self.service, self.say = site, service, say
        self._mlflow, self._prefect = mlflow, prefect
        self._plan: Service = read_service(site.configs, service)

    def look(self, since: float, *, in_prefect: bool) -> list[str]:
        """See what is asked for and start what is to start; returns what was started.

        in_prefect: whether a run of a flow of this service is due or goes on.
        """
        route = Router(self.site.home).read(self.service)
        runs = self._runs(read_book(self.site.home, self.service))  # before the registry: what ended has put it right
        book = self._see(route, runs, since)
        if stands_still := self._frozen(book):
            self.say(stands_still)
            return []
        if route.held(time.time()) or in_prefect:
            self._supersede(book, route)
            return []
        wish = next_to_start(book.wishes)
        return [] if wish is None else [self._start(wish)]

    def _see(self, route: Route, runs: dict[str, Run | None], since: float) -> Book:
        """Read the registry, and write down what is new in it."""
        look, triggers, by_hand = self._mlflow.look(self._plan.model), self._plan.triggers, list[Act]()
        versions = {v.version for v in look.versions}

        def change(book: Book) -> Book:
            seen, news = compare(triggers, book.seen, look, since)
            world = read_world(self.site.home, self.service, versions & set(_concerned(book, news.acts)))
            acts = list(news.acts)
            if route.owner:  # a release moves versions to Production and back; afterwards it is seen who did
                seen, acts = seen.unseen(Way.PRODUCTION, book.seen), [a for a in acts if a.way is not Way.PRODUCTION]
            by_hand[:] = [a for a in acts if a.way is Way.PRODUCTION and a.version != world.serving]
            wishes = book.wishes
            for act in acts:
                if act.way is not Way.PRODUCTION or (act in by_hand and triggers.on_production_by_hand == "release"):
                    wishes = ask(self.service, wishes, act, world)
            for version, why in news.ignored.items():
                self.say(f"{self.service}: version {version} is not released: {why}")
            return Book(settle(withdraw(wishes, asking(triggers, look), look.at), runs, world, time.time()), seen)

        book = change_book(self.site.home, self.service, change)
        if triggers.on_production_by_hand == "tell":
            for act in by_hand:
                self._tell_by_hand(act.version)
        return book

    def _runs(self, book: Book) -> dict[str, Run | None]:
        """What became of the runs that were started for wishes."""
        found: dict[str, Run | None] = {}
        for wish in book.wishes:
            if wish.state is WishState.STARTED:
                run = self._prefect.find_flow_run(wish.run)
                version = claimed_version(self.site.home, self.service, wish.run)
                known = None if run is None else Run(run.id, run.state, run.ended, run.message, version)
                found[wish.run] = known
        return found

    def _frozen(self, book: Book) -> str:
        """What keeps a wish waiting that nobody may start now; empty for none."""
        calendars = {"the site": read_site(self.site.configs, self.site.name).freeze, self.service: self._plan.freeze}
        waits = next((wish for wish in book.wishes if wish.state is WishState.ASKED), None)
        found = frozen(datetime.now(UTC), calendars) if waits else None
        return f"{self.service}: version {waits.version} waits, {found}" if waits and found else ""

    def _start(self, wish: Wish) -> str:
        """Start a release; whoever does so at the same time for the same wish gets the same run."""
        asked = [f"asked: {way}" for way in wish.ways]
        run = self._prefect.run(_RELEASE, {"service": self.service, "candidate": wish.version}, wish.key, asked)
        change_book(
            self.site.home, self.service, lambda book: replace(book, wishes=started(book.wishes, wish.id, run.id))
        )
        said = f"release of {self.service} version {wish.version} ({', '.join(asked)}): {self._prefect.page(run.id)}"
        self.say(said)
        return said

    def _supersede(self, book: Book, route: Route) -> None:
        """Take the release back that a newer wish outdates, where the service says so; once.

        Not one that a person has paused: who holds it wants to look at it, and decides when that is over.
        """
        newer = next((w for w in book.wishes if w.state is WishState.ASKED), None)
        old = to_take_back(book.wishes)
        if newer is None:
            return
        if self._plan.triggers.on_newer != "supersede" or old is None or old.why:
            self.say(
                f"{self.service}: version {newer.version} waits for {route.owner or 'a run that is about to begin'}"
            )
            return
        if hold := read_held(self.site.home, route.owner).paused if route.owner else None:
            self.say(f"{self.service}: version {newer.version} waits for {route.owner}, which {hold.who} has paused")
            return
        why = f"version {newer.version} was asked for"
        if route.owner.endswith(f"-{old.run[:8]}"):
            with suppress(Refused):  # it is over, all but for its end
                give(self.site.home, self.service, Word.ABORT, "the trigger", why, "watch-registry")
        else:  # it has not claimed the service yet, and looks for no orders
            self._prefect.cancel(old.run)
        change_book(
            self.site.home,
            self.service,
            lambda b: replace(b, wishes=tuple(replace(w, why=why) if w.id == old.id else w for w in b.wishes)),
        )
        self.say(f"{self.service}: version {old.version} is taken back, {why}")

    def _tell_by_hand(self, version: str) -> None:
        """A person has moved a version to Production in the registry, and may think that it serves."""
        route = Router(self.site.home).read(self.service)
        upstream = Router(self.site.home).upstream(self.service, route.live) if route.live else None
        serving = f"version {upstream.version} serves" if upstream else "no version serves"
        told = (
            f"it was moved to Production by hand, which moves no traffic: {serving}; release it with: "
            f"greenramp release {self.service} {version}"
        )
        self.say(f"{self.service} version {version}: {told}")
        self._mlflow.set_tag(self._plan.model, version, "greenramp.told", told)


def _concerned(book: Book, acts: tuple[Act, ...]) -> list[str]:
    return [wish.version for wish in book.wishes if wish.state.is_open] + [act.version for act in acts]
