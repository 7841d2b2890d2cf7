"""Envoy as the place where traffic is decided: two files, changed one writer at a time, read back from Envoy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from greenramp.clients.envoy.admin import Admin
from greenramp.clients.envoy.clusters import Upstream, cluster_file, upstreams_of
from greenramp.clients.envoy.files import Check, WatchedFile
from greenramp.clients.envoy.routes import records_of, route_file
from greenramp.clients.writerlock import sole_writer
from greenramp.errors import NotConfirmed
from greenramp.home import Home
from greenramp.traffic.route import Route
from greenramp.traffic.split import Side

PATIENCE_SECONDS = 12.0
"""A writer waits at most five seconds for Envoy, twice; one that holds the lock for longer has been stopped."""


class Router:
    """The routes and environments of all services of one site."""

    def __init__(self, home: Home) -> None:
        admin, log = Admin(home.admin_socket), home.logs / "envoy.log"
        self._lock = home.runtime / "router.lock"
        self._routes = WatchedFile(
            home.xds / "rds.json", records_of, lambda: route_file((), 1), admin.accepted_routes, log
        )
        self._clusters = WatchedFile(
            home.xds / "cds.json", upstreams_of, lambda: cluster_file((), 1), admin.accepted_clusters, log
        )

    def read(self, service: str) -> Route:
        """The service's traffic record; an unknown service has an empty one."""
        return self.read_all().get(service, Route(service))

    def read_all(self) -> dict[str, Route]:
        """The traffic records of all services; raises ConfigError when their file is damaged."""
        file = self._routes.read()
        return records_of(file) if file else {}

    def upstreams(self) -> tuple[Upstream, ...]:
        """The environments that traffic can be sent to."""
        file = self._clusters.read()
        return upstreams_of(file) if file else ()

    def upstream(self, service: str, side: Side) -> Upstream | None:
        """The environment on one side of a service, None when there is none."""
        return next((u for u in self.upstreams() if (u.service, u.side) == (service, side)), None)

    def runs_with_route_file(self) -> bool:
        """Whether Envoy runs with the route file on disk; raises Unreachable when it does not answer."""
        return self._routes.sound()

    def versions(self) -> list[str]:
        """Versions of both files on disk, of the routes first; raises ConfigError when one is damaged."""
        both = (self._routes.read(), self._clusters.read())
        return [str(file["version_info"]) if file else "" for file in both]

    def ensure_files(self) -> None:
        """Make both files whole: Envoy does not start without them, and on a damaged one it answers 404 to everybody.

        What is damaged or missing is replaced by the copy that Envoy took last; what was never there is made
        empty. Raises ConfigError for a damaged file without a copy.
        """
        with self.writing():
            for file in (self._clusters, self._routes):
                file.ensure()

    def mend(self) -> list[str]:
        """Put back what Envoy took last wherever it does not run with the file on disk; returns what was wrong.

        A writer that died right after a file Envoy refuses leaves such a one, and so does a damaged disk: Envoy
        serves on, but would answer 404 to everybody after its next start. Raises Unreachable when it does not answer.
        """
        if self._clusters.sound() and self._routes.sound():
            return []
        with self.writing() as still_mine:
            return [wrong for file in (self._clusters, self._routes) if (wrong := file.mend(still_mine))]

    def edited(self) -> bool:
        """Whether somebody has edited one of the files since Envoy took it."""
        return self._routes.edited() or self._clusters.edited()

    def restore(self) -> None:
        """Put back what Envoy took last where somebody has edited a file; what that holds is lost. Safe to repeat."""
        with self.writing() as still_mine:
            for file in (self._clusters, self._routes):
                file.restore(still_mine)

    def change(self, service: str, change: Callable[[Route], Route]) -> Route:
        """Change one service's record and see Envoy take it; returns the record as it stands. Safe to repeat.

        change: a pure function from the record read to the record wanted; what it raises is passed on and
        nothing is written. Its result gets the next generation, unless only the lease was prolonged.
        Raises Unreachable when Envoy does not answer (the record stands on disk), NotConfirmed when it refuses
        or the file can't be written, or when another writer took over because this one stood still; ConfigError
        when the file is damaged.
        """
        with self.writing() as still_mine:
            file = self._routes.read()
            records = records_of(file) if file else {}
            have = records.get(service, Route(service))
            want = change(have)
            if want == have:
                self._routes.confirm(file or route_file((), 0))
                return have
            if replace(want, until=have.until) != have:
                want = replace(want, generation=have.generation + 1)
            wanted = {**records, service: want}.values()
            self._routes.write(lambda version: route_file(wanted, version), file, still_mine)
            return want

    def forget(self, service: str) -> None:
        """Drop the record of a service that serves nothing; what is already gone is fine.

        Raises NotConfirmed while it has a live side or an owner.
        """
        with self.writing() as still_mine:
            file = self._routes.read()
            records = records_of(file) if file else {}
            gone = records.pop(service, None)
            if gone is None or file is None:
                return
            if gone.live is not None or gone.owner:
                raise NotConfirmed(
                    f"{service} is served or worked on ({gone.owner or gone.split}) and is not forgotten"
                )
            self._routes.write(lambda version: route_file(records.values(), version), file, still_mine)

    def ensure_upstream(self, upstream: Upstream) -> None:
        """Make an environment known to Envoy. Safe to repeat."""
        self._change_clusters(lambda have: {**have, (upstream.service, upstream.side): upstream})

    def remove_upstream(self, service: str, side: Side) -> None:
        """Forget an environment; what is already gone is fine.

        Raises NotConfirmed while routes lead there: Envoy would answer 503, and refuse every later route file.
        """
        route = self.read(service)
        if route.live is not None and (side is route.live or route.leased or route.fallback):
            raise NotConfirmed(f"{side.value} of {service} still has traffic ({route.split}) and is not removed")
        self._change_clusters(lambda have: {key: u for key, u in have.items() if key != (service, side)})

    def _change_clusters(
        self, change: Callable[[dict[tuple[str, Side], Upstream]], dict[tuple[str, Side], Upstream]]
    ) -> None:
        with self.writing() as still_mine:
            file = self._clusters.read()
            have = {(u.service, u.side): u for u in (upstreams_of(file) if file else ())}
            want = change(have)
            if want == have and file:
                self._clusters.confirm(file)
                return
            self._clusters.write(lambda version: cluster_file(want.values(), version), file, still_mine)

    @contextmanager
    def writing(self) -> Iterator[Check]:
        """While the block runs nobody else changes a file; gives the check for right before one does.

        A block that takes more than PATIENCE_SECONDS may lose that right.
        """
        with sole_writer(self._lock, PATIENCE_SECONDS) as still_mine:
            yield still_mine
