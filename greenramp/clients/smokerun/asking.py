"""Requests to an environment, with every answer kept: what is judged at the end is judged of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from greenramp.clients.scoring import Scoring
from greenramp.smoke.answer import Answer, Body


class Asking:
    """The payloads of one row that are asked again and again, and whatever else is asked.

    again: answers by the number of the payload, all addresses together, in the order in which they came.
    others: answers to anything else that should be answered. sent: requests in all.
    """

    def __init__(self, scorings: Sequence[Scoring], payloads: Sequence[Any]) -> None:
        self.scorings = scorings
        self.bodies = [Body.of(payload) for payload in payloads]
        self.again: dict[int, list[Answer]] = {}
        self.others: list[Answer] = []
        self.sent = 0

    def one(self, number: int, address: int = 0) -> Answer:
        """Ask one of the payloads, once more."""
        answer = self.scorings[address].send(self.bodies[number])
        self.keep(number, answer)
        return answer

    def keep(self, number: int, answer: Answer) -> None:
        """Count in an answer to one of the payloads that somebody else has asked."""
        self.sent += 1
        self.again.setdefault(number, []).append(answer)

    def other(self, body: Body) -> Answer:
        """Ask something else that should be answered with predictions."""
        answer = self.refusable(body)
        self.others.append(answer)
        return answer

    def refusable(self, body: Body, address: int = 0) -> Answer:
        """Ask something whose answer need not hold predictions."""
        self.sent += 1
        return self.scorings[address].send(body)

    def first(self, number: int) -> list[Any]:
        """The first predictions for one of the payloads."""
        return self.again[number][0].predictions or []

    def everything(self) -> list[Answer]:
        """All answers that should hold predictions."""
        return [answer for given in self.again.values() for answer in given] + self.others
