"""Brings request, prediction and label of one id together, in whatever order they come."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

VERSION = 1
_REMEMBERED = 500_000
"""Requests kept for labels that come late; the oldest are let go beyond that."""


class Asked(NamedTuple):
    """What a gate has to know of a request: see Events. generation: of the traffic record."""

    share: float
    mine: bool
    ts: float
    user: int
    generation: int


class Joined(NamedTuple):
    """What has come together. label: None when it is the prediction that has just met its request."""

    request: Asked
    prediction: list[Any]
    label: list[Any] | None


@dataclass(slots=True)
class Waiting:
    """One id. labelled: its label has come. forgotten: it was let go before it was complete.

    missed: a bit for each gate that gave its label up.
    """

    request: Asked | None = None
    prediction: list[Any] | None = None
    label: list[Any] | None = None
    answered: bool = False
    labelled: bool = False
    forgotten: bool = False
    missed: int = 0

    def state(self) -> list[Any]:
        """Plain data."""
        request = None if self.request is None else list(self.request)
        flags = (self.answered, self.labelled, self.forgotten, self.missed)
        return [request, self.prediction, self.label, *flags]

    @classmethod
    def of(cls, state: Sequence[Any]) -> Self:
        """An entry from plain data."""
        return cls(None if state[0] is None else Asked(*state[0]), *state[1:])


class Joining:
    """Keeps what waits for its other parts. labels: whether labels are waited for, too."""

    def __init__(self, *, labels: bool) -> None:
        self._labels = labels
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()

    def request(self, request_id: str, request: Asked) -> tuple[Waiting, list[Joined]]:
        """Take in a request that its own side answered; returns what is kept of it, too."""
        entry = self._entry(request_id)
        entry.request = request
        return entry, self._joined(request_id, entry)

    def prediction(self, request_id: str, prediction: list[Any]) -> list[Joined]:
        """Take in what was answered."""
        entry = self._entry(request_id)
        entry.prediction = prediction
        return self._joined(request_id, entry)

    def label(self, request_id: str, label: list[Any]) -> tuple[Waiting, list[Joined]]:
        """Take in what would have been right; returns what is kept of its request, too."""
        entry = self._entry(request_id)
        entry.label, entry.labelled = label, True
        return entry, self._joined(request_id, entry)

    def find(self, request_id: str) -> Waiting | None:
        """What is kept of an id."""
        return self._waiting.get(request_id)

    def _entry(self, request_id: str) -> Waiting:
        entry = self._waiting.setdefault(request_id, Waiting())
        if len(self._waiting) > _REMEMBERED:
            self._waiting.popitem(last=False)[1].forgotten = True
        return entry

    def _joined(self, request_id: str, entry: Waiting) -> list[Joined]:
        joined: list[Joined] = []
        request, prediction = entry.request, entry.prediction
        if request is None or prediction is None:
            return joined
        if not entry.answered:
            entry.answered = True
            joined.append(Joined(request, prediction, None))
        if entry.label is not None:
            joined.append(Joined(request, prediction, entry.label))
        if entry.label is not None or not self._labels:
            self._waiting.pop(request_id, None)
        return joined

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {"v": VERSION, "waiting": [[key, entry.state()] for key, entry in self._waiting.items()]}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from a state."""
        if state["v"] != VERSION:
            raise ValueError(f"a state of version {state['v']} is none of this joining")
        self._waiting = OrderedDict((key, Waiting.of(entry)) for key, entry in state["waiting"])
        return self
