"""Values that are no measurements: how many each side gave to a gate, and what the candidate's first one was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from greenramp.gates.events import Bools
from greenramp.gates.measures import Invalid


class Unmeasured:
    """Counts them for some gates, by name."""

    def __init__(self, gates: Iterable[str]) -> None:
        self._counts: dict[str, list[int]] = {name: [0, 0] for name in gates}
        self._first: dict[str, str] = {}

    def note(self, gate: str, mine: Bools, values: Sequence[float | Invalid]) -> None:
        """Take in such values. mine: which are the candidate's."""
        self._counts[gate][0] += int(mine.sum())
        self._counts[gate][1] += int((~mine).sum())
        for own, value in zip(mine.tolist(), values, strict=True):
            if own and isinstance(value, Invalid):
                self._first.setdefault(gate, value.words)
                break

    def words(self, gate: str) -> str:
        """What stands against the candidate's values; empty when nothing does."""
        first, mine = self._first.get(gate), self._counts[gate][0]
        return f"{mine:,} of the candidate's values can't be measured, the first is {first}" if first else ""

    def numbers(self, gate: str) -> dict[str, float]:
        """The counts, where there are any."""
        mine, theirs = self._counts[gate]
        return {"invalid": mine, "champion_invalid": theirs} if mine or theirs else {}

    def state(self) -> list[Any]:
        """Plain data to go on from."""
        return [self._counts, self._first]

    def restore(self, state: Sequence[Mapping[str, Any]]) -> None:
        """Go on from a state."""
        counts, first = state
        self._counts = {name: list(both) for name, both in counts.items()}
        self._first = dict(first)
