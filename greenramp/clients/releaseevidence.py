"""A release's evidence, counted on from where the last look left it, also by another process."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from greenramp.clients.atomicfile import read_json, write_text
from greenramp.clients.evidence_sources import EvidenceSources
from greenramp.clients.formats import UNREADABLE
from greenramp.clients.polling import Polled
from greenramp.config import Service
from greenramp.home import Home
from greenramp.measures.counting import Counting
from greenramp.traffic.split import Side

VERSION = 1
_SAVE_SECONDS, _MOST_PART = 3.0, 0.03
"""At most this often is it saved, and at most this part of the time is spent on it."""


class ReleaseEvidence:
    """Everything new goes into `counting`; what has been counted is kept in a file beside the release's journal.

    The file holds how far each source was read together with what was counted until there. It is gone on from if it
    was written for the same gates, candidate, marks and lengths of steps, by this version of Greenramp's counting;
    else all is read anew from the marks, which comes to the same. resumed: whether it was gone on from.
    """

    def __init__(
        self,
        home: Home,
        service: str,
        plan: Service,
        release: str,
        side: Side,
        since: Mapping[str, Sequence[int]],
        generation: int,
        others: Sequence[Polled] = (),
    ) -> None:
        self._path = home.kept_evidence(release)
        self._fits = _belongs_to(service, plan, side, since)
        self._new = (plan.measured, side, generation, plan.step.min_seconds, plan.step.settle_seconds)
        self.counting = Counting(*self._new)
        self.sources = EvidenceSources(home, service, since, others, ids=self.counting.joins)
        self._saved, self._cost = time.monotonic(), 0.0
        self.resumed = self._resume()

    def read(self) -> None:
        """Count everything new."""
        self.sources.feed(self.counting)

    def save(self, *, surely: bool = False) -> bool:
        """Keep what has been counted, if it is time to; or surely. Returns whether it was kept."""
        began = time.monotonic()
        if not surely and began - self._saved < max(_SAVE_SECONDS, self._cost / _MOST_PART):
            return False
        kept = {"v": VERSION, "for": self._fits, "sources": self.sources.state(), "counting": self.counting.state()}
        write_text(self._path, json.dumps(kept, separators=(",", ":")))
        self._saved = time.monotonic()
        self._cost = self._saved - began
        return True

    def _resume(self) -> bool:
        try:
            kept = read_json(self._path)
            if kept is None or kept["v"] != VERSION or kept["for"] != self._fits:
                return False
            self.counting.restore(kept["counting"])
            self.sources.restore(kept["sources"])
        except UNREADABLE:  # damaged, or of another version: the logs are still there
            self.counting = Counting(*self._new)
            return False
        return True


def _belongs_to(service: str, plan: Service, side: Side, since: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    return {
        "service": service,
        "gates": [gate.model_dump(mode="json") for gate in plan.measured],
        "candidate": side.value,
        "since": {path: list(mark) for path, mark in since.items()},
        "step": [plan.step.min_seconds, plan.step.settle_seconds],
    }
