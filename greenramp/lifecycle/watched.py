"""How a step that was watched came out: by its gates, and by the people who may cut its waiting short."""

from __future__ import annotations

from dataclasses import dataclass

from greenramp.verdict import Outcome, Verdict, require, worst


@dataclass(frozen=True)
class Watched:
    """A step's last verdicts. where: the step. advanced: who ended its waiting, in words; empty when nobody did."""

    verdicts: tuple[Verdict, ...]
    where: str
    advanced: str = ""

    def require(self) -> None:
        """Go on only if every gate passes; a person may have gone over unsure ones, never over a bad one."""
        if self.advanced and self.verdicts and worst(self.verdicts) is Outcome.UNSURE:
            return
        require(self.verdicts, self.where)


class StepClock:
    """Counts the seconds of a step, but for those in which a person holds it."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._last: float | None = None

    def look(self, now: float, *, held: bool) -> float:
        """The seconds that count until `now`, on any one clock. held: whether the step is held since the last look."""
        if self._last is not None and not held:
            self.seconds += now - self._last
        self._last = now
        return self.seconds
