"""Which requests come too soon after a change of traffic to compare the sides by."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from greenramp.gates.events import Bools
from greenramp.measures.requestcolumns import Requests


class Settling:
    """Requests of both sides in the first `seconds` of each generation of the traffic record.

    A generation begins with its first request in the log. An environment that has just got its share is cold, a
    champion that has just lost it idles: neither is the model's doing.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._generation = -1
        self._began = -math.inf

    def settled(self, requests: Requests) -> Bools:
        """Which requests of the next ones come late enough."""
        if not self._seconds or not len(requests):
            return np.ones(len(requests), dtype=bool)
        newest = np.maximum.accumulate(np.maximum(requests.generation, self._generation))
        rises = np.diff(newest, prepend=self._generation) > 0
        rise = np.maximum.accumulate(np.where(rises, np.arange(newest.size), -1))
        began = np.where(rise >= 0, requests.ts[rise], self._began)
        self._generation, self._began = int(newest[-1]), float(began[-1])
        of_it = (requests.generation == newest) | (requests.ts >= began)
        return np.asarray(~(of_it & (requests.ts < began + self._seconds)))

    def state(self) -> list[Any]:
        """Plain data to go on from."""
        return [self._generation, self._began if math.isfinite(self._began) else None]

    def restore(self, state: list[Any]) -> Self:
        """Go on from a state."""
        self._generation, began = state
        self._began = -math.inf if began is None else began
        return self
