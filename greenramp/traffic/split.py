"""Which of a service's two environments gets which share of its traffic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

TOTAL_WEIGHT = 10_000
"""Router weights add up to this at every step: a changing total would move users between sides."""


class Side(StrEnum):
    """The two environments of a service, which swap roles."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Side:
        """The other environment."""
        return Side.GREEN if self is Side.BLUE else Side.BLUE


@dataclass(frozen=True)
class Split:
    """Percent of the traffic per environment, in steps of 0.1, adding up to 100."""

    blue: float
    green: float

    def __post_init__(self) -> None:
        for side, percent in (("blue", self.blue), ("green", self.green)):
            if not 0 <= percent <= 100 or abs(percent * 10 - round(percent * 10)) > 1e-6:
                raise ValueError(f"{side} must be a multiple of 0.1 in [0, 100], not {percent}")
        if abs(self.blue + self.green - 100) > 1e-6:
            raise ValueError(f"blue and green must add up to 100, not {self.blue} + {self.green}")

    @classmethod
    def giving(cls, side: Side, percent: float) -> Split:
        """The split that gives `side` this many percent and the other side the rest."""
        rest = round(100 - percent, 1)
        return cls(blue=percent, green=rest) if side is Side.BLUE else cls(blue=rest, green=percent)

    def percent(self, side: Side) -> float:
        """Percent of the traffic that `side` gets."""
        return self.blue if side is Side.BLUE else self.green

    def weight(self, side: Side) -> int:
        """The same as a router weight out of TOTAL_WEIGHT."""
        return round(self.percent(side) * TOTAL_WEIGHT / 100)

    def __str__(self) -> str:
        return f"blue {self.blue:g} / green {self.green:g}"
