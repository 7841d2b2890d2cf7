"""Freeze windows: no release starts or goes on in one; the way back is always open."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from prefect import get_run_logger

from greenramp.clients.configfiles import read_site
from greenramp.clients.journal import Journal
from greenramp.config import Service
from greenramp.errors import ConfigError, Refused
from greenramp.lifecycle.freeze import Calendars, frozen
from greenramp.news import Kind
from greenramp.site.settings import SiteSettings
from tasks.notify import OVERRIDDEN, announce

_READ_SECONDS = 5.0


def require_not_frozen(site: SiteSettings, service: str, plan: Service, candidate: str, override: str) -> None:
    """Raise Refused while a window of the service or of its site holds, unless somebody said why it must be now."""
    found = frozen(datetime.now(UTC), _calendars(site, service, plan))
    if found is None or override.strip():
        return
    again = f'greenramp release {service} {candidate} --override-freeze "why it must be now"'
    raise Refused(f"{service} is {found}; override with: {again}")


def journal_override(site: SiteSettings, service: str, plan: Service, release: str, override: str) -> None:
    """Write down that a release need not heed any window, and which one held at its start; it counts to its end."""
    if why := override.strip():
        found = frozen(datetime.now(UTC), _calendars(site, service, plan))
        Journal(site.home, release).add(OVERRIDDEN, why=why, window=str(found) if found else "none at the start")
        get_run_logger().warning("freeze windows are overridden: %s", why)


class Freezes:
    """Whether a running release stands still, look by look; when that begins and ends is journaled and told.

    The service's windows are those that the release has fixed; the site's are read anew, so that one which is added
    holds what is under way. While its file can't be read, the windows read last count; with none read yet it stands
    still.
    """

    def __init__(self, site: SiteSettings, service: str, plan: Service, release: str) -> None:
        self._site, self._service, self._plan, self._release = site, service, plan, release
        self._journal = Journal(site.home, release)
        self._overridden = any(line["event"] == OVERRIDDEN for line in self._journal.read())
        self._calendars: Calendars | None = None
        self._read = float("-inf")
        self._waits = self._told = ""

    def look(self) -> str:
        """What it stands still for, in words; empty when nothing is in its way."""
        if (waits := self.now()) != self._told:
            self._told = waits
            self._tell(waits)
        return waits

    def now(self) -> str:
        """The same, without telling anybody."""
        if self._overridden or time.monotonic() - self._read < _READ_SECONDS:
            return self._waits
        self._read = time.monotonic()
        fault = ""
        try:
            self._calendars = _calendars(self._site, self._service, self._plan)
        except ConfigError as error:
            fault = "" if self._calendars else f"held: its calendar can't be read: {error}"
        found = frozen(datetime.now(UTC), self._calendars or {})
        self._waits = fault or (str(found) if found else "")
        return self._waits

    def _tell(self, waits: str) -> None:
        self._journal.add("freeze", waits=waits)
        get_run_logger().warning("%s: %s", self._service, waits or "not frozen any more")
        if waits:
            sentence = f"{self._release} stands still, {waits}; its gates go on judging and may take it back"
            announce(self._site, Kind.WAITING, self._service, self._release, sentence, about=waits)


def _calendars(site: SiteSettings, service: str, plan: Service) -> Calendars:
    return {f"the site {site.name}": read_site(site.configs, site.name).freeze, service: plan.freeze}
