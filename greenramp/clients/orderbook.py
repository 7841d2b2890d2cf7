"""The file of people's orders to one release, and the release's own look at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from greenramp.clients.appending import append_lines
from greenramp.clients.journal import Journal, read_question
from greenramp.clients.jsonlines import JsonLines
from greenramp.errors import Overruled
from greenramp.home import Home
from greenramp.lifecycle.held import Held, held_by_people
from greenramp.lifecycle.orders import Order, Standing, take


class OrderBook:
    """Orders are only ever added; the first line of two that contradict each other is the one that counts."""

    def __init__(self, home: Home, release: str) -> None:
        self.path: Path = home.orders(release)

    def add(self, order: Order) -> None:
        """Write one order and see it on disk. Any number of processes may do so at the same time."""
        append_lines(self.path, json.dumps(order.to_json()) + "\n")

    def read(self) -> Iterator[Order]:
        """All orders so far, taken or not; lines that are none are passed over."""
        for row in JsonLines(self.path).read_new():
            with suppress(ValueError):
                yield Order.from_json(row)


def read_held(home: Home, release: str) -> Held:
    """Who holds a release, and what it asks for."""
    return held_by_people(OrderBook(home, release).read(), read_question(home, release))


class Steering:
    """What people have ordered a release to do; whoever works on the release looks at it again and again.

    Each order is written into the release's journal by the first look that finds it, and told. tell: is given a
    sentence for each, and for lines of the file that are no order.
    """

    def __init__(self, home: Home, release: str, tell: Callable[[str], None]) -> None:
        self._lines, self._tell = JsonLines(home.orders(release)), tell
        self._journal = Journal(home, release)
        self._standing = Standing()

    def look(self) -> Standing:
        """How the release stands now; raises Overruled once somebody has aborted it."""
        for row in self._lines.read_new():
            try:
                order = Order.from_json(row)
            except ValueError as error:
                self._tell(f"{self._lines.path}: this line is no order: {error}")
                continue
            self._standing, late = take(self._standing, order)
            self._note(order, late)
        if self._standing.aborted:
            raise Overruled(str(self._standing.aborted))
        return self._standing

    def _note(self, order: Order, late: str) -> None:
        if any(line["event"] == "order" and line["id"] == order.id for line in self._journal.read()):
            return
        self._journal.add(
            "order",
            order=order.word.value,
            who=order.who,
            note=order.note,
            by=order.by,
            place=order.place,
            given=order.ts,
            taken=not late,
            why=late,
            id=order.id,
        )
        self._tell(f"{order}, too late: {late}" if late else str(order))
