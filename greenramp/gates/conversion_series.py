"""One gate's wanted events, clicks or purchases, as they come in late: fewer of them is worse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from greenramp.gates.events import Bools, Ints
from greenramp.gates.evidence import Evidence, Stratum
from greenramp.gates.likelihood import Floats
from greenramp.gates.rate_gate import RESERVE, Harm
from greenramp.gates.rate_series import RateSeries


class ConversionSeries(RateSeries):
    """Bets on whose each wanted event is, by the share its request was routed with; O(1) per event.

    Nobody has to say of a request that nothing came of it, and none has to be waited for: requests are counted for
    people to read, and the comparison goes by the events alone. `bad` in its evidence is what was wanted.
    """

    def __init__(
        self, margin: float | None, half_life_seconds: float, reserve: float = RESERVE, hint: float | None = None
    ) -> None:
        super().__init__(margin, half_life_seconds, reserve, hint, Harm.DOWN, bad_alone=True)
        self._asked: dict[float, Ints] = {}

    def ask(self, share: Floats, mine: Bools) -> None:
        """Take in requests that an event may come of."""
        for one in np.unique(share).tolist():
            there = share == one
            both = np.array([(there & mine).sum(), (there & ~mine).sum()])
            self._asked[one] = self._asked.get(one, np.zeros(2, dtype=np.int64)) + both

    @property
    def evidence(self) -> Evidence:
        """The sums: requests, and what came of them."""
        strata = []
        for share in dict.fromkeys([*self._asked, *self._counts]):
            asked = self._asked.get(share, np.zeros(2, dtype=np.int64))
            came = self._counts.get(share, np.zeros(4, dtype=np.int64))[2:]
            strata.append(Stratum(share, *np.maximum(asked, came).tolist(), *came.tolist()))
        return Evidence(tuple(strata))

    def state(self) -> dict[str, Any]:
        """Plain data to go on from."""
        return {**super().state(), "asked": [[share, *both.tolist()] for share, both in self._asked.items()]}

    def restore(self, state: Mapping[str, Any]) -> Self:
        """Go on from the state of a series that was made alike."""
        super().restore(state)
        self._asked = {share: np.array(both, dtype=np.int64) for share, *both in state["asked"]}
        return self
