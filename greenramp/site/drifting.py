"""Looks whether somebody has changed by hand what Greenramp keeps, and puts right what a service's policy says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from greenramp.clients.configfiles import read_service
from greenramp.clients.driftfile import change_drift
from greenramp.clients.envoy.router import Router
from greenramp.clients.registrylook import MlflowRest
from greenramp.config import CHAMPION, Service
from greenramp.errors import ConfigError, GreenrampError
from greenramp.lifecycle.drift import Drift, Found, Registered, What, compare, remember
from greenramp.site.environments import provider_of
from greenramp.site.settings import SiteSettings
from greenramp.traffic.route import Route


def look_for_drift(site: SiteSettings) -> tuple[Drift, ...]:
    """What is not as it was left, of every service whose file can be read; kept on disk for whoever asks later."""
    router = Router(site.home)
    mlflow: MlflowRest | None = MlflowRest(site.mlflow_url)
    edited, now, unread = router.edited(), list[Drift](), set[str]()
    for service, route in sorted(router.read_all().items()):
        try:
            plan = read_service(site.configs, service)
        except ConfigError:
            continue  # `greenramp check` names it
        found = _find(site, mlflow, plan, route, edited=edited)
        now += compare(found, plan.reconcile)
        if found.registry is None:
            unread.add(service)
            mlflow = None if found.serving else mlflow  # it is away: one wait for that is enough
    return change_drift(site.home, lambda before: remember(before, now, time.time(), unread=unread))


def put_right(site: SiteSettings, drift: Drift) -> None:
    """Undo what somebody did. Safe to repeat; raises Unreachable when what it needs is away."""
    router = Router(site.home)
    route = router.read(drift.service)
    upstream = router.upstream(drift.service, route.live) if route.live else None
    if upstream is None or route.live is None:
        return
    if drift.what is What.ROUTE:
        router.restore()
    elif drift.what is What.ENVIRONMENT:
        provider_of(site).revive(drift.service, route.live)
    elif drift.what is What.ALIAS and not route.owner:
        from greenramp.clients.registry import Registry

        model = read_service(site.configs, drift.service).model
        Registry(site.mlflow_url).ensure_alias(model, CHAMPION, upstream.version)


def put_right_all(site: SiteSettings, drifts: Iterable[Drift], say: Callable[[str], None]) -> list[str]:
    """Say what has drifted, and put right what policy says; returns what could not be."""
    left = []
    for drift in drifts:
        say(str(drift))
        try:
            if drift.acts:
                put_right(site, drift)
        except GreenrampError as error:
            left.append(f"{drift}; that did not succeed: {error}")
    return left


def _find(site: SiteSettings, mlflow: MlflowRest | None, plan: Service, route: Route, *, edited: bool) -> Found:
    live = route.live
    upstream = Router(site.home).upstream(route.service, live) if live else None
    if live is None or upstream is None:
        return Found(route.service, "", bool(route.owner), None, 0, 0, edited=edited)
    provider = provider_of(site)
    environment = provider.read(route.service, live)
    running = len(provider.processes(environment)) if environment else 0
    registry = _registered(mlflow, plan.model, upstream.version) if mlflow else None
    return Found(
        route.service, upstream.version, bool(route.owner), registry, len(upstream.addresses), running, edited=edited
    )


def _registered(mlflow: MlflowRest, model: str, version: str) -> Registered | None:
    try:
        look = mlflow.look(model)
        there = any(one.version == version for one in look.versions)
        return Registered(look.aliases.get(CHAMPION), there, there and mlflow.readable(model, version))
    except GreenrampError:
        return None
