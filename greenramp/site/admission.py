"""Whether a release may begin: its service fits beside the others, and somebody will end its split if it dies."""

from __future__ import annotations

from greenramp.clients.configfiles import require_fit
from greenramp.clients.envoy.router import Router
from greenramp.site.enforcement import require_enforcement
from greenramp.site.settings import SiteSettings


def admit(site: SiteSettings, service: str, release: str) -> str:
    """Raise Refused or ConfigError when `release` must not begin; returns a warning, mostly empty.

    Whoever holds the service already is let pass: a second try, and a rollback, which nothing here may stop.
    """
    if Router(site.home).read(service).owner == release:
        return ""
    require_fit(site.configs, service)
    return require_enforcement(site.home)
