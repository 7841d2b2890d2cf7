"""One difference between two signatures, and whom it would hurt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Compatibility(StrEnum):
    """What a difference means to those who send today's requests and read today's answers."""

    COMPATIBLE = "compatible"
    """Nothing: nobody can tell."""
    WIDENING = "widening"
    """Today's requests are taken and mean the same, today's readers find what they read; more is possible than was."""
    BREAKING = "breaking"
    """Some of today's requests are refused or mean something else, or answers are read wrongly."""

    @property
    def rank(self) -> int:
        """The higher, the worse."""
        return list(Compatibility).index(self)


@dataclass(frozen=True)
class Change:
    """One difference. was, now: the two sides in short. caveat: who has to look closer although it is let through."""

    kind: Compatibility
    what: str
    was: str = ""
    now: str = ""
    caveat: str = ""


def compatible(what: str, was: str = "", now: str = "") -> Change:
    """A difference nobody can tell."""
    return Change(Compatibility.COMPATIBLE, what, was, now)


def widening(what: str, was: str = "", now: str = "", caveat: str = "") -> Change:
    """A difference that allows more than before."""
    return Change(Compatibility.WIDENING, what, was, now, caveat)


def breaking(what: str, was: str = "", now: str = "") -> Change:
    """A difference that hurts."""
    return Change(Compatibility.BREAKING, what, was, now)
