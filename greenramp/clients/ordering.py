"""Gives an order to the release that is under way, and hears what became of it."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from greenramp.clients.envoy.router import Router
from greenramp.clients.journal import Journal
from greenramp.clients.orderbook import OrderBook
from greenramp.errors import ConfigError, Refused
from greenramp.home import Home
from greenramp.lifecycle.orders import Order, Word, awaited, clock
from greenramp.traffic.route import RETIRING, ROLLING_BACK, TAKEN_BACK, Route

_LOOK_SECONDS = 0.1
_ANSWER_SECONDS = 5.0
"""A release looks four times a second while it watches; while it starts a model it may not look for minutes."""


@dataclass(frozen=True)
class Given:
    """An order that was written down. release: to which; step: what that is doing."""

    order: Order
    release: str
    step: str


def give(home: Home, service: str, word: Word, who: str, note: str, by: str) -> Given:
    """Write an order to the service's release. by: through what it was given, for the record.

    Raises Refused, saying what there is instead, when nothing is under way that could take it; ConfigError without a
    name.
    """
    if not who.strip():
        raise ConfigError("an order needs the name of who gives it; say it with --name")
    route, now = Router(home).read(service), time.time()
    _require_release(route, now)
    place = _place_awaited(home, route) if word.answers else ""
    if word is Word.ADVANCE:
        _require_step(home, route)
    ident = uuid.uuid4().hex
    order = Order(ident, round(now, 3), word, who.strip(), note.strip(), by, place, route.generation)
    OrderBook(home, route.owner).add(order)
    return Given(order, route.owner, route.step)


def what_became(home: Home, given: Given) -> str:
    """What the release made of the order, in words; raises Refused when it came too late."""
    order, deadline = given.order, time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        for line in Journal(home, given.release).read():
            if line["event"] == "order" and line["id"] == order.id:
                if not line["taken"]:
                    raise Refused(f"{given.release} did not take it, it is too late: {line['why']}")
                return f"{given.release} is {order}" + ("" if order.place else f" (it was at: {given.step})")
        time.sleep(_LOOK_SECONDS)
    return (
        f"written down; {given.release} is at: {given.step}, and does not look at its orders before that is over "
        "(if it ends first, nothing comes of the order)"
    )


def _require_release(route: Route, now: float) -> None:
    if not route.owner:
        raise Refused(f"no release of {route.service} is under way, so nobody can take the order")
    if not route.held(now):
        raise Refused(
            f"{route.owner} died at: {route.step}, and takes no orders; finish it with: "
            f"greenramp rollback {route.service}"
        )
    if route.step in (RETIRING, ROLLING_BACK, TAKEN_BACK):
        raise Refused(f"{route.owner} is at: {route.step}; it can't be steered any more")


def _place_awaited(home: Home, route: Route) -> str:
    journal = Journal(home, route.owner).read()
    if place := awaited(journal):
        return place
    answered = [line for line in journal if line["event"] == "approval ended"]
    before = ""
    if answered:
        last = answered[-1]
        before = f"; the last question, {last['place']}, was {last['outcome']} at {clock(last['ts'])}"
    raise Refused(f"{route.owner} waits for no approval; it is at: {route.step}{before}")


def _require_step(home: Home, route: Route) -> None:
    if place := awaited(Journal(home, route.owner).read()):
        raise Refused(f"{route.owner} waits for approval of {place}; say yes with: greenramp approve {route.service}")
    if not (route.percent or route.fallback):
        raise Refused(f"{route.owner} is at: {route.step}; only a step with users, or the bake, can be cut short")
