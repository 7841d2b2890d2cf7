"""Tells people and Prefect's automations what happens; a release neither waits for that nor fails of it."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.events import emit_event
from prefect.exceptions import MissingContextError
from prefect.runtime import flow_run
from prefect.settings import PREFECT_API_URL

from greenramp.clients.configfiles import read_site
from greenramp.clients.journal import Journal
from greenramp.clients.outbox import Outbox
from greenramp.clients.postman import AT_EXIT_SECONDS, Postman
from greenramp.clients.releaserecord import ReleaseRecord
from greenramp.clients.targets import block_targets, environment_targets
from greenramp.config import Notifications
from greenramp.errors import ConfigError
from greenramp.lifecycle.plan import Candidate
from greenramp.lifecycle.recovery import Recovery, Way
from greenramp.news import Kind, News
from greenramp.reporting import account_of
from greenramp.reporting.telling import tell
from greenramp.site.settings import SiteSettings

OVERRIDDEN = "freeze overridden"
"""The journal's line that a release need not heed freeze windows, with `why` and `window`."""
_OF_DEAD: Mapping[Way, Kind] = {
    Way.BACK: Kind.ROLLED_BACK,
    Way.ALONE: Kind.ROLLED_BACK,
    Way.FORWARD: Kind.PROMOTED,
    Way.STAY: Kind.PUT_BACK_FAILED,
}
_postmen: dict[Path, Postman] = {}
_emitted: set[tuple[Path, uuid.UUID]] = set()
_one_at_a_time = threading.Lock()


def announce(
    site: SiteSettings,
    kind: Kind,
    service: str,
    release: str,
    sentence: str,
    *,
    candidate: Candidate | None = None,
    record: ReleaseRecord | None = None,
    about: str = "",
) -> None:
    """Tell what has happened: on disk when this returns, sent beside the release. Raises nothing. Safe to repeat.

    release: its id, or any other that the same news have each time. about: tells news of one kind apart.
    """
    try:
        news = _news(site, kind, service, release, sentence, candidate, record, about)
        wanted = _wanted(site)
        if kind in wanted.on:
            postman = _postman(site, wanted)
            postman.take(news)
            for trouble in postman.take_troubles():
                _logger().warning("not told yet, it is tried again: %s", trouble)
        _emit(site, news, candidate)
    except Exception as error:  # noqa: BLE001  (whatever it is: the release goes on)
        _logger().warning("%s of %s may not be told: %s", kind.value, release, error)


def tell_recovered(site: SiteSettings, recovery: Recovery) -> None:
    """Tell what became of a release that died, unless it told that before it did."""
    announce(site, _OF_DEAD[recovery.way], recovery.service, recovery.owner, str(recovery))


def tell_what_is_left(site: SiteSettings) -> None:
    """Deliver what earlier runs left, beside whatever this one does. Raises nothing. Safe to repeat."""
    try:
        if Outbox(site.home).names():
            _postman(site, _wanted(site)).wake()
    except Exception as error:  # noqa: BLE001  (see announce)
        _logger().warning("what is still to be told waits: %s", error)


def see_told(site: SiteSettings, seconds: float = AT_EXIT_SECONDS) -> None:
    """Give the last messages so much time, where the process may be ended right after; else its end does that."""
    with _one_at_a_time:
        postman = _postmen.pop(site.home.root, None)
    if postman is not None:
        postman.finish(seconds)


def _news(
    site: SiteSettings,
    kind: Kind,
    service: str,
    release: str,
    sentence: str,
    candidate: Candidate | None,
    record: ReleaseRecord | None,
    about: str,
) -> News:
    links = {"run": f"{site.prefect_url}/runs/flow-run/{flow_run.id}"} if flow_run.id else {}
    links |= {"record": record.page} if record else {}
    return News(
        kind=kind,
        service=service,
        release=release,
        sentence=sentence,
        seconds=time.time(),
        version=candidate.version if candidate else "",
        about=about,
        facts=_facts(site, kind, release),
        links=links,
    )


def _facts(site: SiteSettings, kind: Kind, release: str) -> Mapping[str, str]:
    """What its journal says: why it goes on in a freeze window; at its end, what people then ask."""
    lines = Journal(site.home, release).read()
    facts = {line["event"]: f"{line['why']} ({line['window']})" for line in lines if line["event"] == OVERRIDDEN}
    if lines and kind in (Kind.PROMOTED, Kind.ROLLED_BACK, Kind.PUT_BACK_FAILED):
        facts |= dict(tell(account_of(release, lines)).answers)
    return facts


def _wanted(site: SiteSettings) -> Notifications:
    """What the site's file says; while it can't be read, everything is told to those whom the environment names."""
    try:
        return read_site(site.configs, site.name).notifications
    except ConfigError as error:
        _logger().warning("notifications: %s", error)
        return Notifications()


def _postman(site: SiteSettings, wanted: Notifications) -> Postman:
    with _one_at_a_time:
        if (known := _postmen.get(site.home.root)) is None:
            known = Postman(site.home, environment_targets, lambda: block_targets(site.prefect_url, wanted.block))
            _postmen[site.home.root] = known
        return known


def _emit(site: SiteSettings, news: News, candidate: Candidate | None) -> None:
    """An event that automations may act on; the same news are one event, and Prefect adds run and deployment itself."""
    if not PREFECT_API_URL.value():  # Prefect would start a server of its own to take it
        return
    if (site.home.root, news.id) in _emitted:  # Prefect stumbles over an id that it is just sending
        return
    _emitted.add((site.home.root, news.id))
    related = [{"prefect.resource.id": f"greenramp.service.{news.service}", "prefect.resource.role": "service"}]
    if candidate:
        version = f"mlflow.model-version.{candidate.model}.{candidate.version}"
        related.append({"prefect.resource.id": version, "prefect.resource.role": "model-version"})
    resource = {
        "prefect.resource.id": f"greenramp.release.{news.release}",
        "prefect.resource.name": news.release,
        "greenramp.service": news.service,
        "greenramp.version": news.version,
    }
    payload: dict[str, Any] = {"sentence": news.sentence, "about": news.about, "facts": news.facts, "links": news.links}
    emit_event(f"greenramp.release.{news.kind.value}", resource, related=related, payload=payload, id=news.id)


def _logger() -> logging.Logger | logging.LoggerAdapter[Any]:
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger(__name__)
