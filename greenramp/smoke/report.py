"""What a smoke test found: verdicts, and what could not be checked and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from greenramp.verdict import Outcome, Verdict

_ORDER = ("version", "answers", "values", "bad-input", "alive", "deterministic", "golden", "in-process", "formats")
"""A cause before its consequences: the first bad verdict is the one a release is taken back for."""


def verdict(check: str, good: bool, sentence: str, numbers: Mapping[str, float] | None = None) -> Verdict:
    """A check's answer: a smoke test asks nothing that can stay open."""
    return Verdict(f"smoke/{check}", Outcome.PASS if good else Outcome.FAIL, sentence, numbers or {})


@dataclass(frozen=True)
class Note:
    """Something that was not checked; it holds nothing up, and is not passed over in silence either."""

    check: str
    why: str

    def __str__(self) -> str:
        return f"smoke/{self.check} is not checked: {self.why}"


@dataclass
class Report:
    """Everything that was found."""

    _found: list[Verdict | Note] = field(default_factory=list)

    def add(self, *found: Verdict | Note) -> None:
        """Keep more."""
        self._found += found

    def note(self, check: str, why: str) -> None:
        """Keep that something was not checked, unless something was said of it already."""
        if check not in map(_check, self._found):
            self._found.append(Note(check, why))

    @property
    def found(self) -> tuple[Verdict | Note, ...]:
        """Causes before their consequences."""
        return tuple(sorted(self._found, key=_rank))

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Without the notes."""
        return tuple(one for one in self.found if isinstance(one, Verdict))

    def rows(self) -> list[dict[str, str]]:
        """As a table for people."""
        return [
            {"check": one.gate, "verdict": one.outcome.value, "why": one.sentence}
            if isinstance(one, Verdict)
            else {"check": f"smoke/{one.check}", "verdict": "not checked", "why": one.why}
            for one in self.found
        ]


def _check(one: Verdict | Note) -> str:
    return one.gate.removeprefix("smoke/") if isinstance(one, Verdict) else one.check


def _rank(one: Verdict | Note) -> int:
    check = _check(one).split("/")[0]
    return _ORDER.index(check) if check in _ORDER else len(_ORDER)
