"""Envoy as the place where traffic is decided: two files, changed one writer at a time, read back from Envoy."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from greenramp.clients.atomicfile import locked, read_json, write_json
from greenramp.clients.envoy.admin import Accepted, Admin
from greenramp.clients.envoy.clusters import Upstream, cluster_file, upstreams_of
from greenramp.clients.envoy.refusal import RefusalLog
from greenramp.clients.envoy.routes import records_of, route_file
from greenramp.errors import ConfigError, NotConfirmed, Unreachable
from greenramp.home import Home
from greenramp.route import Route
from greenramp.split import Side

_ANSWER_SECONDS = 5.0
"""Envoy takes a file in some milliseconds; under heavy load it has been seen to need 70."""


class _Rejected(NotConfirmed):
    """Envoy has read the file and does not take it."""


class Router:
    """The routes and environments of all services of one site."""

    def __init__(self, home: Home) -> None:
        self._routes = home.xds / "rds.json"
        self._clusters = home.xds / "cds.json"
        self._good = home.xds.parent / "good"  # not in the watched folder
        self._lock = home.runtime / "router.lock"
        self._admin = Admin(home.admin_socket)
        self._envoy_log = home.logs / "envoy.log"

    def read(self, service: str) -> Route:
        """The service's traffic record; an unknown service has an empty one."""
        return self.read_all().get(service, Route(service))

    def read_all(self) -> dict[str, Route]:
        """The traffic records of all services; raises ConfigError when their file is damaged."""
        file = self._read(self._routes)
        return records_of(file) if file else {}

    def upstreams(self) -> tuple[Upstream, ...]:
        """The environments that traffic can be sent to."""
        file = self._read(self._clusters)
        return upstreams_of(file) if file else ()

    def upstream(self, service: str, side: Side) -> Upstream | None:
        """The environment on one side of a service, None when there is none."""
        return next((u for u in self.upstreams() if (u.service, u.side) == (service, side)), None)

    def ensure_files(self) -> None:
        """Make both files whole: Envoy does not start without them, and on a damaged one it answers 404 to everybody.

        What is damaged or missing is replaced by the copy that Envoy took last; what was never there is made
        empty. Raises ConfigError for a damaged file without a copy: its services must not be forgotten silently.
        """
        with locked(self._lock):
            for path, empty in ((self._clusters, cluster_file((), 1)), (self._routes, route_file((), 1))):
                kept = self._good / path.name
                try:
                    missing = self._read(path) is None
                except ConfigError:
                    if not kept.exists():
                        raise
                    missing = True
                if missing:
                    _replace(path, self._read(kept) or empty)

    def change(self, service: str, change: Callable[[Route], Route]) -> Route:
        """Change one service's record and see Envoy take it; returns the record as it stands. Safe to repeat.

        change: a pure function from the record read to the record wanted; what it raises is passed on and
        nothing is written. Its result gets the next generation, unless only the lease was prolonged.
        Raises Unreachable when Envoy does not answer (the record stands on disk), NotConfirmed when it refuses
        or the file can't be written, ConfigError when the file is damaged.
        """
        with locked(self._lock):
            file = self._read(self._routes)
            records = records_of(file) if file else {}
            have = records.get(service, Route(service))
            want = change(have)
            if want == have:
                self._confirm(self._routes, file or route_file((), 0))
                return have
            if replace(want, until=have.until) != have:
                want = replace(want, generation=have.generation + 1)
            self._write(self._routes, lambda version: route_file({**records, service: want}.values(), version), file)
            return want

    def ensure_upstream(self, upstream: Upstream) -> None:
        """Make an environment known to Envoy. Safe to repeat."""
        self._change_clusters(lambda have: {**have, (upstream.service, upstream.side): upstream})

    def remove_upstream(self, service: str, side: Side) -> None:
        """Forget an environment; what is already gone is fine.

        Raises NotConfirmed while routes lead there: Envoy would answer 503, and refuse every later route file.
        """
        route = self.read(service)
        if route.live is not None and (side is route.live or route.percent > 0 or route.fallback):
            raise NotConfirmed(f"{side.value} of {service} still has traffic ({route.split}) and is not removed")
        self._change_clusters(lambda have: {key: u for key, u in have.items() if key != (service, side)})

    def _change_clusters(
        self, change: Callable[[dict[tuple[str, Side], Upstream]], dict[tuple[str, Side], Upstream]]
    ) -> None:
        with locked(self._lock):
            file = self._read(self._clusters)
            have = {(u.service, u.side): u for u in (upstreams_of(file) if file else ())}
            want = change(have)
            if want == have and file:
                self._confirm(self._clusters, file)
                return
            self._write(self._clusters, lambda version: cluster_file(want.values(), version), file)

    def _write(self, path: Path, make: Callable[[int], dict[str, Any]], old: dict[str, Any] | None) -> None:
        """Write the file and see it taken; a file that Envoy refuses is replaced by the one before.

        make: the file for a version. That version is one Envoy has not seen, whatever was put back in between.
        """
        before = self._accepted(path)
        taken = before.version if before and before.version.isdecimal() else "0"
        new = make(max(int(old["version_info"]) if old else 0, int(taken)) + 1)
        log = RefusalLog(self._envoy_log)
        _replace(path, new)
        try:
            self._confirm(path, new, before)
        except _Rejected as refusal:
            if old is not None:
                _replace(path, old)
            raise _Rejected(f"{refusal}: {log.reason()}") from refusal

    def _accepted(self, path: Path) -> Accepted | None:
        try:
            return self._ask(path)()
        except Unreachable:
            return None

    def _ask(self, path: Path) -> Callable[[], Accepted]:
        return self._admin.accepted_routes if path == self._routes else self._admin.accepted_clusters

    def _confirm(self, path: Path, file: dict[str, Any], before: Accepted | None = None) -> None:
        """See Envoy run with the file, then keep a copy of it."""
        _confirm(self._ask(path), int(file["version_info"]), before, path)
        with suppress(OSError):  # traffic has moved; an order must not fail for want of a copy
            write_json(self._good / path.name, file)

    def _read(self, path: Path) -> dict[str, Any] | None:
        """What a file holds, None when it is not there; raises ConfigError when it is not as we wrote it."""
        if not path.exists():
            return None
        try:
            file: dict[str, Any] = read_json(path)
            int(file["version_info"])
            if path.name == self._routes.name:
                records_of(file)
            else:
                upstreams_of(file)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            kept = self._good / path.name
            has_copy = kept.exists() and kept != path
            cure = f"the last good copy back with: mv {kept} {path}" if has_copy else "a backup back"
            raise ConfigError(
                f"{path} is damaged ({type(error).__name__}: {error}); a running Envoy serves on with what it took "
                f"before, but nothing can be changed; put {cure}"
            ) from error
        return file


def _replace(path: Path, file: dict[str, Any]) -> None:
    try:
        write_json(path, file)
    except OSError as error:
        raise NotConfirmed(
            f"{path} can't be written: {error}; see that its disk has room and its folder is yours, then try again"
        ) from error


def _confirm(read: Callable[[], Accepted], version: int, before: Accepted | None, path: Path) -> None:
    """Wait until Envoy runs with `version` of a file; raises NotConfirmed when it refuses or takes too long."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while True:
        now = read()
        if now.version == str(version):
            return
        if before and (now.rejected > before.rejected or now.failed > before.failed):
            raise _Rejected(f"Envoy refuses version {version} of {path}")
        if time.monotonic() > deadline:
            raise NotConfirmed(
                f"Envoy runs with version {now.version or 'none'} of {path} after {_ANSWER_SECONDS:g} s, not {version}"
            )
        time.sleep(0.002)
