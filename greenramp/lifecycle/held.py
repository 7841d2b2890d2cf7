"""What of people a release waits for: the end of a pause, or an answer; by its orders and its last question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Any

from greenramp.lifecycle.orders import Order, Standing, take


@dataclass(frozen=True)
class Pause:
    """A person holds the release. since: epoch seconds."""

    who: str
    since: float
    note: str = ""


@dataclass(frozen=True)
class Question:
    """An approval that nobody has given or refused yet.

    asked: epoch seconds; until: the same, of the last moment for an answer, None while a pause stops that clock.
    on_expiry: back or continue. page: of the run, where it can be answered; empty when no page asks.
    """

    place: str
    asked: float
    until: float | None
    on_expiry: str
    page: str = ""


@dataclass(frozen=True)
class Held:
    """Who holds the release, and what it asks for; None for nobody and for nothing."""

    paused: Pause | None = None
    question: Question | None = None

    def sentences(self, service: str) -> tuple[str, ...]:
        """The same for people, with what they can do about it."""
        paused = (_paused_words(self.paused, service),) if self.paused else ()
        return paused + ((_question_words(self.question, service),) if self.question else ())


def held_by_people(orders: Iterable[Order], asked: Mapping[str, Any] | None) -> Held:
    """What a release waits for. orders: in their order; asked: the journal's line of a question still open, or None."""
    standing, stood = Standing(), 0.0
    began = inf if asked is None else float(asked["ts"])
    for order in orders:
        before = standing.paused
        standing, _ = take(standing, order)
        if before and not standing.paused:
            stood += max(0.0, order.ts - max(before.ts, began))
    if standing.aborted:
        return Held()
    hold = standing.paused
    pause = Pause(hold.who, hold.ts, hold.note) if hold else None
    if asked is None or asked["place"] in standing.answers:
        return Held(pause)
    until = None if pause else round(began + float(asked["seconds"]) + stood, 3)
    page = str(asked.get("page", ""))
    return Held(pause, Question(str(asked["place"]), began, until, str(asked["on_expiry"]), page))


def _paused_words(pause: Pause, service: str) -> str:
    why = f": {pause.note}" if pause.note else ""
    return f"paused by {pause.who} since {_moment(pause.since)}{why}; let it go on with: greenramp continue {service}"


def _question_words(question: Question, service: str) -> str:
    then = "everything goes back" if question.on_expiry == "back" else "it goes on"
    left = "while it is paused no time runs out" if question.until is None else f"until {_moment(question.until)}"
    page = f"on its page, {question.page}, or " if question.page else ""
    return (
        f"waits for approval of {question.place} since {_moment(question.asked)}, {left}; without an answer {then}; "
        f"answer {page}with: greenramp approve {service} (no: greenramp reject {service})"
    )


def _moment(ts: float) -> str:
    return f"{datetime.fromtimestamp(ts, UTC):%Y-%m-%d %H:%M:%S} UTC"
