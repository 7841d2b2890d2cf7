"""What a model's requirements ask for, against another model's and against what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ADDED, REMOVED, MAJOR, MINOR, PATCH, OTHER = "added", "removed", "major", "minor", "patch", "other"


@dataclass(frozen=True)
class Difference:
    """One package that is asked for otherwise. size: added, removed, major, minor, patch or other."""

    package: str
    size: str
    was: str
    now: str

    def __str__(self) -> str:
        if self.size == ADDED:
            return f"{self.package}{self.now}"
        if self.size == REMOVED:
            return f"{self.package}{self.was}"
        return f"{self.package} {_bare(self.was)} -> {_bare(self.now)}"


def read_requirements(lines: Iterable[str]) -> dict[str, str]:
    """Specifier by canonical package name, of the lines that hold on this machine.

    Options (-r, --index-url) are left out. What is no name with versions (an address, a wheel file) has the specifier
    "@ <it>".
    """
    found: dict[str, str] = {}
    for line in (text.split(" #", 1)[0].strip() for text in lines):
        if not line or line.startswith(("#", "-")):
            continue
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            found[line] = f"@ {line}"
            continue
        if wanted.marker is None or wanted.marker.evaluate():
            found[canonicalize_name(wanted.name)] = f"@ {wanted.url}" if wanted.url else str(wanted.specifier)
    return found


def differences(was: Mapping[str, str], now: Mapping[str, str]) -> tuple[Difference, ...]:
    """Every package that one side asks for otherwise than the other, by name."""
    found = []
    for package in sorted(was.keys() | now.keys()):
        before, after = was.get(package), now.get(package)
        if before != after:
            found.append(Difference(package, _size(before, after), before or "", after or ""))
    return tuple(found)


def unmet(wanted: Mapping[str, str], installed: Mapping[str, str]) -> tuple[str, ...]:
    """Requirements that the installed packages don't meet, each in words; addresses can't be told and are left out.

    installed: version by canonical package name.
    """
    found = []
    for package, spec in sorted(wanted.items()):
        if spec.startswith("@"):
            continue
        have = installed.get(package)
        if have is None:
            found.append(f"{package}{spec} (not installed)")
        elif not _meets(have, spec):
            found.append(f"{package}{spec} (installed: {have})")
    return tuple(found)


def _meets(version: str, spec: str) -> bool:
    try:
        return SpecifierSet(spec).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _size(was: str | None, now: str | None) -> str:
    if was is None:
        return ADDED
    if now is None:
        return REMOVED
    try:
        before, after = Version(_bare(was)), Version(_bare(now))
    except InvalidVersion:
        return OTHER  # at least one side is not pinned to one version
    if before.major != after.major or before.epoch != after.epoch:
        return MAJOR
    return MINOR if before.minor != after.minor else PATCH


def _bare(spec: str) -> str:
    return spec.removeprefix("==") or "any version"
