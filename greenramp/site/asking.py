"""Writes down what a webhook asks for, for every service that has the model."""

from __future__ import annotations

from greenramp.clients.configfiles import read_service, service_names
from greenramp.clients.wishbook import Book, change_book, read_world
from greenramp.config import Service
from greenramp.errors import ConfigError
from greenramp.site.settings import SiteSettings
from greenramp.triggers.deliveries import Delivery
from greenramp.triggers.signs import told
from greenramp.triggers.wishes import Act, ask


def note_delivery(site: SiteSettings, delivery: Delivery) -> list[str]:
    """Keep the wishes that a delivery makes; returns the services that are asked to release something.

    A service whose file can't be read is left to the looks at the registry, which come again.
    """
    asked = []
    for service in service_names(site.configs) if delivery.way else ():
        try:
            plan = read_service(site.configs, service)
        except ConfigError:
            continue
        if plan.model == delivery.model and (act := delivery.act(plan.triggers)) and _note(site, service, plan, act):
            asked.append(service)
    return asked


def _note(site: SiteSettings, service: str, plan: Service, act: Act) -> bool:
    news = False

    def change(book: Book) -> Book:
        nonlocal news
        seen, news = told(plan.triggers, book.seen, act)
        return Book(ask(service, book.wishes, act, world) if news else book.wishes, seen)

    world = read_world(site.home, service, [act.version])
    change_book(site.home, service, change)
    return news
