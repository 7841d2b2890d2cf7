"""What is wrong with a file, in one form for every kind of file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenramp.errors import ConfigError


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one file."""

    file: Path
    key: str
    seen: str
    wanted: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}: " if self.key else f"{self.file}: "
        return f"{place}{self.wanted}" + (f"; seen: {self.seen}" if self.seen else "")


class Faulty(ConfigError):
    """A file that does not load, with everything that is wrong in it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def faults_in(file: Path, errors: list[Any], within: str = "") -> list[Fault]:
    """What pydantic says of a file, as faults. within: the place in the file that was judged."""
    return [_fault(file, error, within) for error in errors if not _is_echo(error)]


def _is_echo(error: Any) -> bool:
    """Whether pydantic finds a list too short only because it does not count the items it has just refused."""
    return error["type"] == "too_short" and bool(len(error["input"]) >= error["ctx"]["min_length"])


def _fault(file: Path, error: Any, within: str) -> Fault:
    parts = [str(part) for number, part in enumerate(error["loc"]) if not _is_kind(error["loc"], number)]
    key = ".".join([*([within] if within else []), *parts])
    if error["type"] == "missing":
        return Fault(file, key, "nothing", "this key is needed")
    seen = repr(error["input"])[:200]
    if error["type"] == "extra_forbidden":
        return Fault(file, key, seen, "no such key here; is it misspelt or indented wrongly?")
    whole = error["type"] == "value_error"  # a rule across keys names the values itself
    return Fault(file, key, "" if whole else seen, error["msg"].removeprefix("Value error, "))


def _is_kind(place: tuple[int | str, ...], number: int) -> bool:
    """Whether a part of the place is only pydantic's word for which kind it took, and no key of the file."""
    return number == 2 and place[0] in ("sources", "gates", "freeze")
