"""The file of people's orders to one release, and the release's own look at it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from greenramp.clients.journal import Journal
from greenramp.clients.jsonlines import JsonLines
from greenramp.errors import Overruled
from greenramp.home import Home
from greenramp.orders import Order, Standing, take


class OrderBook:
    """Orders are only ever added; the first line of two that contradict each other is the one that counts."""

    def __init__(self, home: Home, release: str) -> None:
        self.path: Path = home.orders(release)

    def add(self, order: Order) -> None:
        """Write one order and see it on disk. Any number of processes may do so at the same time."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        line = json.dumps(order.to_json()) + "\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a full disk cut the line before short
                line = "\n" + line
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
